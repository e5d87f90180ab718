/** What a command is: what it is called, what it takes, which operations of the API it uses, and where its code lies. */

import type { EXIT, ExitStatus } from '../protocol/api/constants.ts'
import type { OperationId } from '../protocol/api/routes.ts'
import type { Arguments } from './arguments.ts'
import type { Client } from './client.ts'
import type { Home } from './home.ts'
import type { Output } from './output.ts'
import type { World } from './world.ts'

/** What completion offers for a value. */
export type Completes = 'folder' | 'device' | 'path' | readonly string[]

export interface Operand {
  /** In capitals. */
  readonly name: string
  readonly description: string
  readonly isRequired: boolean
  readonly completes?: Completes
  /** The last one may stand any number of times. */
  readonly isRepeated?: boolean
}

interface FlagBase {
  /** Without the dashes. */
  readonly name: string
  readonly short?: string
  readonly description: string
}
/** `value` is what its value is called, in capitals; a flag without one is a yes. */
export type Flag = FlagBase &
  ({ readonly value?: never } | { readonly value: string; readonly completes?: Completes; readonly isNumber?: boolean })

/** What `--json` prints: one value, or one a line. */
export interface JsonShape {
  readonly form: 'value' | 'lines'
  /** Schemas by the names that they have in the OpenAPI document, or in `docs/CLI.md`. */
  readonly schema: string
  /** When it is this one, if there are several. */
  readonly when?: string
}

export const COMMAND_GROUPS = {
  begin: 'To begin',
  look: 'To see how things stand',
  directories: 'Directories of this machine',
  folders: 'Folders',
  devices: 'Devices and the group',
  daemon: 'The daemon and this machine',
} as const

export interface CommandContext {
  readonly args: Arguments
  readonly out: Output
  readonly client: Client
  readonly home: Home
  readonly world: World
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
}

/** Ends with `ok` where it gives nothing. @throws CliError */
export type Run = (context: CommandContext) => Promise<ExitStatus | undefined>

export interface Command {
  /** Such as `['folder', 'pause']`. */
  readonly name: readonly string[]
  readonly group: keyof typeof COMMAND_GROUPS
  /** One line, without a full stop. */
  readonly summary: string
  /** Whole sentences, one paragraph each. */
  readonly details?: readonly string[]
  readonly operands?: readonly Operand[]
  readonly flags?: readonly Flag[]
  /** Every operation that it may call. */
  readonly operations: readonly OperationId[]
  readonly json?: readonly JsonShape[]
  /** Statuses that mean more here than elsewhere. */
  readonly exits?: Partial<Record<keyof typeof EXIT, string>>
  /** `started`: it is started if it does not run, which is said; `running`: the command ends with 3 instead. */
  readonly daemon: 'none' | 'running' | 'started'
  readonly isHidden?: boolean
  load(): Promise<Run>
}

export const JSON_FLAG: Flag = { name: 'json', description: 'Print JSON for programs' }
export const HELP_FLAG: Flag = { name: 'help', short: 'h', description: 'Show this help' }

/** `folder pause`. */
export function nameOf({ name }: Command): string {
  return name.join(' ')
}

/** All that it takes. */
export function flagsOf({ flags = [], json }: Command): readonly Flag[] {
  return [...flags, ...(json === undefined ? [] : [JSON_FLAG]), HELP_FLAG]
}
