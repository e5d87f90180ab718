/** The words after a command, parsed strictly: what is not known is refused, with what was probably meant. */

import { usageError } from './cli-error.ts'
import type { Command, Flag, Operand } from './command.ts'
import { flagsOf, nameOf } from './command.ts'
import { nearestName } from '../protocol/nearest-name.ts'

export interface Arguments {
  /** One that the command requires. */
  required(operand: string): string
  operand(operand: string): string | undefined
  /** Of an operand that may stand any number of times. */
  all(operand: string): readonly string[]
  /** Of a flag that takes one. */
  /** The last one, where it was given several times. */
  value(flag: string): string | undefined
  /** Every one, of a flag that may be given several times. */
  values(flag: string): readonly string[]
  /** A whole number above 0. */
  number(flag: string): number | undefined
  has(flag: string): boolean
}

/** @throws CliError `usage` */
export async function parseArguments(command: Command, words: readonly string[]): Promise<Arguments> {
  const flags = flagsOf(command)
  const parsed: ParsedWords =
    words.length === 0 ? { operands: [], values: {} } : await parseWords(command, flags, words)
  const operands = nameOperands(command, parsed.operands)
  const values = (flag: string): string[] => {
    const given = parsed.values[flag]
    return (Array.isArray(given) ? given : [given]).filter((each): each is string => typeof each === 'string')
  }
  const value = (flag: string): string | undefined => {
    return values(flag).at(-1)
  }
  return {
    operand: (name) => operands.get(name),
    all: (name) => {
      const first = command.operands?.findIndex((operand) => operand.name === name && operand.isRepeated === true) ?? -1
      return first === -1 ? [] : parsed.operands.slice(first)
    },
    required: (name) => {
      const given = operands.get(name)
      if (given === undefined) throw new TypeError(`${nameOf(command)} does not require ${name}`)
      return given
    },
    value,
    values,
    number: (flag) => toNumber(flag, value(flag)),
    has: (flag) => [parsed.values[flag]].flat().includes(true),
  }
}

/** Whether help is asked for, whatever else the words say. */
export function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return (end === -1 ? words : words.slice(0, end)).some((word) => word === '--help' || word === '-h')
}

interface ParsedWords {
  readonly operands: readonly string[]
  readonly values: Readonly<Record<string, unknown>>
}

/** Half of the time that a command takes to start is this parser's: it is loaded only for words. */
async function parseWords(command: Command, flags: readonly Flag[], words: readonly string[]): Promise<ParsedWords> {
  const { default: yargs } = await import('yargs')
  const parser = yargs([...words])
    .locale('en')
    .exitProcess(false)
    .help(false)
    .version(false)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': true,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'populate--': true,
      'strip-aliased': true,
    })
    .fail((message: string) => {
      throw refusal(command, message)
    })
  for (const { name, short, value } of flags) {
    const alias = short === undefined ? {} : { alias: short }
    parser.option(name, value === undefined ? { type: 'boolean', ...alias } : { type: 'string', nargs: 1, ...alias })
  }
  const { _: before, '--': after, $0: _program, ...values }: Record<string, unknown> = { ...parser.parseSync() }
  checkFlags(command, flags, values)
  return { operands: [...listOf(before), ...listOf(after)], values }
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function checkFlags(command: Command, flags: readonly Flag[], values: ParsedWords['values']): void {
  const known = flags.map(({ name }) => name)
  for (const name of Object.keys(values)) {
    if (known.includes(name)) continue
    const nearest = nearestName(name, known)
    const guess = nearest === undefined ? undefined : ` Did you mean --${nearest}?`
    throw refusal(command, `There is no ${name.length === 1 ? '-' : '--'}${name} here.${guess ?? ''}`)
  }
}

function nameOperands(command: Command, given: readonly string[]): ReadonlyMap<string, string> {
  const { operands = [] } = command
  const missing = operands.slice(given.length).find(({ isRequired }) => isRequired)
  if (missing !== undefined) throw refusal(command, `${missing.name} is missing: ${missing.description}.`)
  const [extra] = given.slice(operands.length)
  if (extra !== undefined && operands.at(-1)?.isRepeated !== true)
    throw refusal(command, `There is one word too many: "${extra}".`)
  const pairs = operands.map(({ name }: Operand, index): [string, string | undefined] => [name, given[index]])
  return new Map(pairs.flatMap(([name, word]) => (word === undefined ? [] : [[name, word]])))
}

function toNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw usageError(`--${flag} takes a whole number from 1, not "${text}".`)
  return Number(text)
}

function refusal(command: Command, message: string): Error {
  const sentence = /[.?]$/.test(message) ? message : `${message}.`
  return usageError(`holt ${nameOf(command)}: ${sentence}`, `See: holt ${nameOf(command)} --help`)
}
