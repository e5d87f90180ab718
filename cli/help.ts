/** The help, made from the commands. */

import type { Command, Flag, Operand } from './command.ts'
import { COMMAND_GROUPS, flagsOf, nameOf } from './command.ts'
import { COMMANDS } from './commands.ts'
import { toColumns } from './columns.ts'
import type { Text } from './text.ts'
import { styled, t } from './text.ts'

const BLANK = t``
/** Columns of a paragraph. */
const TEXT_WIDTH = 88

/** All commands, in groups. */
export function renderOverview(): Text[] {
  const shown = COMMANDS.filter(({ isHidden }) => isHidden !== true)
  const rows = shown.map((command) => [styled('bold', nameOf(command)), t`${command.summary}`])
  const aligned = toColumns(rows, '  ')
  const groups = Object.entries(COMMAND_GROUPS).flatMap(([id, title]) => {
    const lines = aligned.filter((_, index) => shown[index]?.group === id)
    return [BLANK, styled('cyan', title), ...lines]
  })
  return [
    t`Holt keeps folders the same on all of your devices: peer to peer, without a server.`,
    BLANK,
    t`${styled('bold', 'holt')} COMMAND …`,
    ...groups,
    BLANK,
    t`How a command is used: ${styled('bold', 'holt COMMAND --help')}. The version: ${styled('bold', 'holt --version')}.`,
    t`HOLT_HOME names the data directory, so that several daemons run on one machine.`,
  ]
}

/** The commands that begin with a word, such as `folder`. */
export function renderFamily(word: string): Text[] {
  const family = COMMANDS.filter(({ name }) => name.length > 1 && name[0] === word)
  return [
    t`${styled('bold', `holt ${word}`)} COMMAND …`,
    BLANK,
    ...toColumns(
      family.map((command) => [styled('bold', nameOf(command)), t`${command.summary}`]),
      '  ',
    ),
  ]
}

export function renderHelp(command: Command): Text[] {
  const { operands = [], details = [], summary } = command
  const operandRows = operands.map((operand) => [styled('bold', operand.name), t`${operand.description}`])
  const flagRows = flagsOf(command).map((flag) => [styled('bold', flagHead(flag)), t`${flag.description}`])
  return [
    t`${styled('bold', usageOf(command))}`,
    BLANK,
    t`${summary}.`,
    ...details.flatMap((detail) => [BLANK, ...wrap(detail).map((line) => t`${line}`)]),
    ...(operands.length === 0 ? [] : [BLANK, ...toColumns(operandRows, '  ')]),
    BLANK,
    ...toColumns(flagRows, '  '),
  ]
}

/** `holt accept FOLDER [PATH] [--yes] [--wait]`. */
export function usageOf(command: Command): string {
  const operands = (command.operands ?? []).map(({ name, isRequired }: Operand) => (isRequired ? name : `[${name}]`))
  const flags = flagsOf(command)
    .filter(({ name }) => name !== 'help')
    .map((flag) => `[--${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}]`)
  return ['holt', nameOf(command), ...operands, ...flags].join(' ')
}

/** `-n, --name NAME`. */
export function flagHead({ name, short, value }: Flag): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
}

function wrap(paragraph: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of paragraph.replaceAll('`', '').split(' ')) {
    if (line !== '' && line.length + 1 + word.length > TEXT_WIDTH) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
