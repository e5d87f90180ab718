/**
 * The configuration: `config.toml` in the data directory, overruled by the environment. Parsed once, when the daemon starts;
 * nobody below asks the environment again.
 */

import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { TomlError, parse as parseToml } from 'smol-toml'
import { homePathFor } from '../protocol/api/home-path.ts'
import { ConfigError } from './config-error.ts'
import { OPTIONS, OPTION_NAMES, environmentName } from './config-options.ts'
import type { OptionName, OptionValues } from './config-options.ts'
import { renderConfigFile } from './config-page.ts'
import { BadValue, deviceName } from './config-values.ts'
import { hasErrno } from './errno.ts'
import { nearestName } from '../protocol/nearest-name.ts'

export type Environment = Readonly<Record<string, string | undefined>>
/** What was set, of all that can be. */
type SetValues = Partial<OptionValues>

export interface Config extends OptionValues {
  /** Absolute path of the directory that holds all state. */
  readonly home: string
  readonly deviceName: string
  /** What a person set, in the file or the environment, so that it is kept to and not quietly replaced. */
  readonly explicit: ReadonlySet<OptionName>
}

/** What only this machine can tell. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly homeDirectory: string
  readonly hostName: string
}

export const CONFIG_FILE = 'config.toml'

/** `HOLT_HOME`, or `holt` in the operating system's directory for a user's data. Absolute. */
export function resolveHome(environment: Environment, machine: Machine): string {
  return resolve(homePathFor({ environment, ...machine }))
}

/**
 * Reads the file, which is written with every option as a comment where there is none yet.
 * @throws ConfigError
 */
export async function readConfig(home: string, environment: Environment, machine: Machine): Promise<Config> {
  const file = join(home, CONFIG_FILE)
  const text = (await readText(file)) ?? (await writeDefault(file))
  return toConfig(home, parseConfigText(text, file), parseEnvironment(environment), machine)
}

/** Whole from its parts: the environment overrules the file, the file the defaults. */
export function toConfig(home: string, fromFile: SetValues, fromEnvironment: SetValues, machine: Machine): Config {
  const set = { ...fromFile, ...fromEnvironment }
  const explicit = new Set(OPTION_NAMES.filter((name) => set[name] !== undefined))
  return { ...defaultValues(), ...set, deviceName: set.deviceName ?? nameOfMachine(machine), home, explicit }
}

/** @throws ConfigError `config-corrupt`, `config-unknown-key`, `config-bad-value`, each with file and line. */
export function parseConfigText(text: string, file: string): SetValues {
  const table = parseTable(text, file)
  const names = new Map(OPTION_NAMES.map((name) => [OPTIONS[name].key, name]))
  return Object.entries(table).reduce<SetValues>((set, [key, value]) => {
    const place = `${file}${linePhrase(text, key)}`
    const name = names.get(key)
    if (name === undefined) throw unknownKey(place, key, names.keys())
    return { ...set, ...parseOption(name, value, () => [place, 'config-bad-value']) }
  }, {})
}

/** @throws ConfigError `environment-bad-value` */
export function parseEnvironment(environment: Environment): SetValues {
  return OPTION_NAMES.reduce<SetValues>((set, name) => {
    const variable = environmentName(OPTIONS[name].key)
    const text = environment[variable]
    if (text === undefined || text === '') return set
    const value = OPTIONS[name].type.fromText(text)
    return {
      ...set,
      ...parseOption(name, value, () => [`the environment variable ${variable}`, 'environment-bad-value']),
    }
  }, {})
}

type Blame = () => [place: string, code: 'config-bad-value' | 'environment-bad-value']

function parseOption(name: OptionName, value: unknown, blame: Blame): SetValues {
  const { key, type } = OPTIONS[name]
  try {
    return { [name]: type.parse(value) }
  } catch (cause) {
    if (!(cause instanceof BadValue)) throw cause
    const [place, code] = blame()
    const advice = 'Correct it, or remove it to get the default.'
    throw new ConfigError(code, `${place}: ${key} must be ${cause.message}, not ${printValue(value)}. ${advice}`, {
      cause,
    })
  }
}

function parseTable(text: string, file: string): Record<string, unknown> {
  try {
    return parseToml(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const what = cause.message.split('\n')[0]?.replace('Invalid TOML document: ', '') ?? ''
    const advice = 'Correct the line, or move the file away: the next start writes a fresh one with the defaults.'
    throw new ConfigError('config-corrupt', `${file}, line ${cause.line}: ${what}. ${advice}`, { cause })
  }
}

function unknownKey(place: string, key: string, known: Iterable<string>): ConfigError {
  const nearest = nearestName(key, known)
  const guess = nearest === undefined ? 'docs/CONFIG.md lists them all.' : `Did you mean "${nearest}"?`
  return new ConfigError('config-unknown-key', `${place}: there is no option "${key}". ${guess}`)
}

/** `, line 7`, or nothing where the key is written in an unusual way. */
function linePhrase(text: string, key: string): string {
  const isKey = (line: string): boolean => line.replace(/^[\s["']+/, '').startsWith(key)
  const index = text.split('\n').findIndex((line) => isKey(line))
  return index === -1 ? '' : `, line ${index + 1}`
}

function printValue(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}

/** @throws ConfigError `config-unreadable`, `config-corrupt` */
async function readText(file: string): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return undefined
    if (hasErrno(cause, 'ERR_ENCODING_INVALID_ENCODED_DATA')) {
      throw new ConfigError('config-corrupt', `${file} is not UTF-8 text. Save it as UTF-8, or move it away.`, {
        cause,
      })
    }
    if (!(cause instanceof Error)) throw cause
    throw new ConfigError('config-unreadable', `${file} cannot be read: ${cause.message}. Make it a file of yours.`, {
      cause,
    })
  }
}

async function writeDefault(file: string): Promise<string> {
  const text = renderConfigFile()
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    throw new ConfigError('config-unreadable', `${file} cannot be written: ${cause.message}.`, { cause })
  }
  return text
}

/** The entries have the types of their options, which `Object.fromEntries` forgets. */
function defaultValues(): OptionValues {
  return Object.fromEntries(OPTION_NAMES.map((name) => [name, OPTIONS[name].default])) as unknown as OptionValues
}

function nameOfMachine(machine: Machine): string {
  try {
    return deviceName.parse(machine.hostName)
  } catch (cause) {
    if (!(cause instanceof BadValue)) throw cause
    return 'device'
  }
}
