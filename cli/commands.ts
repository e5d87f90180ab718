/** Every command, in the order of the help. */

import type { Command } from './command.ts'
import { BEGIN_COMMANDS } from './tables/begin-commands.ts'
import { DAEMON_COMMANDS } from './tables/daemon-commands.ts'
import { DEVICE_COMMANDS, FOLDER_COMMANDS } from './tables/group-commands.ts'
import { LOOK_COMMANDS } from './tables/look-commands.ts'
import { VERSION_COMMANDS } from './tables/version-commands.ts'
import { PAIR_COMMANDS } from './tables/pair-commands.ts'

export const COMMANDS: readonly Command[] = [
  ...BEGIN_COMMANDS,
  ...LOOK_COMMANDS,
  ...VERSION_COMMANDS,
  ...PAIR_COMMANDS,
  ...FOLDER_COMMANDS,
  ...DEVICE_COMMANDS,
  ...DAEMON_COMMANDS,
]

export interface FoundCommand {
  readonly command: Command
  /** What follows its name. */
  readonly rest: readonly string[]
}

/** The command that words begin with. */
export function findCommand(words: readonly string[]): FoundCommand | undefined {
  for (const command of COMMANDS) {
    const { name } = command
    if (name.every((word, index) => words[index] === word)) return { command, rest: words.slice(name.length) }
  }
  return undefined
}
