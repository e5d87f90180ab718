/** The options as pages for people: the commented file of a first start, and `docs/CONFIG.md`. */

import { OPTIONS, OPTION_NAMES, environmentName } from './config-options.ts'
import type { OptionValues } from './config-options.ts'

const FILE_HEAD = `# Holt's configuration. Every option is shown with its default; take the # off to change one.
# Read once, when the daemon starts: holt stop && holt start. docs/CONFIG.md says the same and more.
`

/** A file in which every option is a comment, so that a later version's better defaults reach who never changed them. */
export function renderConfigFile(): string {
  const options = OPTION_NAMES.map((name) => {
    const { key, doc, type } = OPTIONS[name]
    const comment = [...doc, `Takes ${type.hint}.`].map((line) => `# ${line}\n`).join('')
    return `\n${comment}# ${key} = ${printDefault(name) ?? '"laptop"'}\n`
  })
  return FILE_HEAD + options.join('')
}

const PAGE_HEAD = `# Configuration

Made from \`daemon/config-options.ts\` by \`npm run docs\`; do not edit it here.

Holt runs without any configuration. What there is to set stands in \`config.toml\` in Holt's data directory, which the first
start writes with every option as a comment. It is [TOML](https://toml.io), and is read once, when the daemon starts. An
environment variable overrules the file. A value that an option cannot take, or an unknown key, stops the start with a
sentence that names the line.

## Where everything is

| | data directory |
|---|---|
| \`HOLT_HOME\` | where it is set: one directory a daemon, so that several run on one machine |
| Linux | \`$XDG_DATA_HOME/holt\`, and without it \`~/.local/share/holt\` |
| macOS | \`~/Library/Application Support/holt\` |
| Windows | \`%LOCALAPPDATA%\\holt\` |

It holds the identity key, the group log, folder settings, the catalogue and the logs, and only its owner may read it: a
directory that others can enter is refused. Files that are synced lie in their folders, never here.

## Options
`

export function renderConfigPage(): string {
  const options = OPTION_NAMES.map((name) => {
    const { key, doc, type } = OPTIONS[name]
    const fallback = printDefault(name)
    const facts = [
      `* takes ${type.hint}`,
      `* default: ${fallback === undefined ? "the machine's name" : `\`${fallback}\``}`,
      `* environment: \`${environmentName(key)}\`${type.textHint === undefined ? '' : ` (${type.textHint})`}`,
    ]
    return `\n### ${key}\n\n${doc.join('\n')}\n\n${facts.join('\n')}\n`
  })
  return PAGE_HEAD + options.join('')
}

function printDefault<K extends keyof OptionValues>(name: K): string | undefined {
  const option = OPTIONS[name]
  return option.default === null ? undefined : option.type.print(option.default)
}
