/** `docs/CLI.md`, made from the commands. */

import type { Command, JsonShape } from '../cli/command.ts'
import { COMMAND_GROUPS, flagsOf, nameOf } from '../cli/command.ts'
import { COMMANDS } from '../cli/commands.ts'
import { flagHead, usageOf } from '../cli/help.ts'
import { EXIT } from '../protocol/api/constants.ts'
import { describeShapes } from './json-shapes.ts'

const HEAD = `# The command line

Made from \`cli/tables/\` by \`npm run docs\`; do not edit it here.

\`holt\` is a client of the daemon of this device, by the unix socket in its data directory. \`HOLT_HOME\` says which data
directory that is ([CONFIG.md](CONFIG.md)); so several daemons can run on one machine.

* Results go to stdout, everything else to stderr. Colours and progress bars are for terminals; elsewhere there are plain
  lines. \`NO_COLOR\` turns colours off.
* Commands that change something start the daemon where it does not run, and say so. Commands that only read end with
  status 3 instead, and name \`holt start\`.
* Control characters and marks that turn the direction of writing around are shown as \`\\ufffd\` wherever a name has them.
* Where a command wants to ask and nobody can be asked, it refuses and names the flag that answers.
* What the daemon refuses ends with the stable code of the reason in square brackets, and the next line says what to do.
* \`holt help COMMAND\` and \`holt COMMAND --help\` say what is said here.

## Exit statuses

| status | meaning |
|---|---|
${Object.entries(exitMeanings())
  .map(([name, meaning]) => `| ${EXIT[name as keyof typeof EXIT]} | ${meaning} |\n`)
  .join('')}`

function exitMeanings(): Readonly<Record<keyof typeof EXIT, string>> {
  return {
    ok: 'it worked',
    failed: 'it failed',
    usage: 'the command line is not understood, or what it names is ambiguous',
    daemonNotRunning: 'the daemon does not run: `holt start`',
    refused: 'it was refused, by the daemon or by a person who was asked',
    notFound: 'what was named is not there',
    needsAttention: 'a person has to decide something: a conflict, a folder that halted',
    interrupted: 'it was interrupted',
  }
}

export function renderCliPage(): string {
  const shown = COMMANDS.filter(({ isHidden }) => isHidden !== true)
  const groups = Object.entries(COMMAND_GROUPS).map(([id, title]) => {
    const commands = shown.filter(({ group }) => group === id)
    return `\n## ${title}\n${commands.map(renderCommand).join('')}`
  })
  return `${HEAD}${groups.join('')}${renderShapes()}`
}

function renderCommand(command: Command): string {
  const { summary, details = [], operands = [], json = [], exits = {}, daemon, operations } = command
  const facts = [
    ...operands.map(({ name, description }) => `* \`${name}\`: ${description}`),
    ...flagsOf(command)
      .filter(({ name }) => name !== 'help' && name !== 'json')
      .map((flag) => `* \`${flagHead(flag).trim()}\`: ${flag.description}`),
    ...json.map(describeJson),
    ...Object.entries(exits).map(([name, meaning]) => `* ends with ${EXIT[name as keyof typeof EXIT]}: ${meaning}`),
    ...(daemon === 'started' ? ['* starts the daemon where it does not run'] : []),
    ...(operations.length === 0 ? [] : [`* operations of the API: ${operations.map((id) => `\`${id}\``).join(', ')}`]),
  ]
  const paragraphs = [`${summary}.`, ...details].map((text) => `${text}\n`).join('\n')
  return `\n### holt ${nameOf(command)}\n\n\`\`\`\n${usageOf(command)}\n\`\`\`\n\n${paragraphs}${facts.length === 0 ? '' : `\n${facts.join('\n')}\n`}`
}

function describeJson({ form, schema, when }: JsonShape): string {
  const what = form === 'value' ? `one \`${schema}\`` : `one \`${schema}\` a line`
  return `* \`--json\`${when === undefined ? '' : ` ${when}`}: ${what} ([shapes](#shapes-of---json))`
}

function renderShapes(): string {
  return `
## Shapes of --json

As TypeScript writes types. They are those of the HTTP API, whose OpenAPI document is at \`/api/v1/openapi.json\`. Later
versions may add properties. Whatever ends in \`Ms\` is milliseconds, a time being those since 1970; devices, folders, groups
and contents (BLAKE3) are named by their ids.

\`\`\`ts
${describeShapes()}
\`\`\`
`
}
