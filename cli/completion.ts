/** What may stand next on a command line. */

import type { Command, Completes, Flag } from './command.ts'
import { flagsOf } from './command.ts'
import { COMMANDS, findCommand } from './commands.ts'

/** Words to choose from, or what has to be asked of the daemon or the shell. */
export type Candidates =
  { readonly kind: 'words'; readonly words: readonly string[] } | { readonly kind: 'folder' | 'device' | 'path' }

/** `words` are those after `holt`; the last one is being typed and may be empty. */
export function findCandidates(words: readonly string[]): Candidates {
  const typed = words.slice(0, -1)
  const partial = words.at(-1) ?? ''
  const found = findCommand(typed)
  if (found === undefined) return startingWith(partial, nextWords(typed))
  return inCommand(found.command, found.rest, partial)
}

function nextWords(typed: readonly string[]): string[] {
  const shown = COMMANDS.filter(({ isHidden }) => isHidden !== true)
  const fitting = shown.filter(({ name }) => typed.every((word, index) => name[index] === word))
  return fitting.flatMap(({ name }) => name.slice(typed.length, typed.length + 1))
}

function inCommand(command: Command, rest: readonly string[], partial: string): Candidates {
  const flags = flagsOf(command)
  const last = takesValue(flags, rest.at(-1))
  if (last !== undefined) return forValue(last.completes, partial)
  if (partial.startsWith('-')) {
    return startingWith(
      partial,
      flags.map(({ name }) => `--${name}`),
    )
  }
  const operands = rest.filter((word, index) => !word.startsWith('-') && !takesValue(flags, rest[index - 1]))
  return forValue(command.operands?.[operands.length]?.completes, partial)
}

type ValueFlag = Extract<Flag, { value: string }>

/** The flag whose value follows that word. */
function takesValue(flags: readonly Flag[], word: string | undefined): ValueFlag | undefined {
  return flags.find((flag): flag is ValueFlag => {
    const isNamed = word === `--${flag.name}` || (flag.short !== undefined && word === `-${flag.short}`)
    return isNamed && flag.value !== undefined
  })
}

function forValue(completes: Completes | undefined, partial: string): Candidates {
  if (typeof completes === 'string') return { kind: completes }
  return startingWith(partial, completes ?? [])
}

function startingWith(partial: string, words: readonly string[]): Candidates {
  return { kind: 'words', words: [...new Set(words)].filter((word) => word.startsWith(partial)) }
}
