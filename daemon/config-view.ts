/** The configuration as the API shows it: each setting with where its value comes from. */

import { join } from 'node:path'
import { printRateLimit } from '../protocol/rate-limit.ts'
import type { Config as ConfigView } from '../protocol/api/daemon.ts'
import type { Config, Environment } from './config.ts'
import { CONFIG_FILE } from './config.ts'
import { OPTIONS, OPTION_NAMES, environmentName } from './config-options.ts'
import type { OptionName } from './config-options.ts'
import { printAddress } from './config-values.ts'

export function toConfigView(config: Config, environment: Environment): ConfigView {
  return {
    file: join(config.home, CONFIG_FILE),
    settings: OPTION_NAMES.map((name) => {
      const { key, doc } = OPTIONS[name]
      const isFromEnvironment = environment[environmentName(key)] !== undefined
      const source = config.explicit.has(name) ? (isFromEnvironment ? 'environment' : 'file') : 'default'
      return { key, value: printable(config[name]), source, description: doc.join(' ') }
    }),
  }
}

function printable(value: Config[OptionName]): ConfigView['settings'][number]['value'] {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (isList(value)) return [...value]
  if ('windows' in value) return printRateLimit(value)
  return 'port' in value ? printAddress(value) : 'off'
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value)
}
