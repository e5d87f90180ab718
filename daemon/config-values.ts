/** The values that options take: each parser takes what a TOML file holds and gives a trusted value, or says what it wants. */

import { NAME_BYTES_MAX } from '../protocol/limits.ts'
import type { RateLimit } from '../protocol/rate-limit.ts'
import { RateLimitError, parseRateLimit, printRateLimit } from '../protocol/rate-limit.ts'

/** Ports below need privileges; 0 means any free one, for tests and for several daemons on one machine. */
const PORT_MAX = 65_535

/** A value was not what the option takes; the message completes "… must be". Becomes a `ConfigError` with its place. */
export class BadValue extends Error {
  override readonly name = 'BadValue'
}

/** Where a socket listens. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}
/** A device to dial without discovery: `HOST[:PORT]`, as it was written. */
export type StaticAddress = string

export type ApiAddress = { readonly kind: 'off' } | ({ readonly kind: 'tcp' } & ListenAddress)
export type LogLevel = 'normal' | 'debug'

/** A parser of one option's value. `hint` is what the page says that it takes. */
export interface ValueType<T> {
  readonly hint: string
  /** @throws BadValue */
  parse(value: unknown): T
  /** How an environment variable says it, where that differs. */
  readonly textHint?: string
  /** From the text of an environment variable to what a TOML file would hold. */
  fromText(text: string): unknown
  /** As a TOML file would say it. */
  print(value: T): string
}

export function wholeNumber(min: number, max: number, unit: string): ValueType<number> {
  const hint = `a whole number of ${unit} from ${min} to ${max}`
  return {
    hint,
    parse(value) {
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
        throw new BadValue(hint)
      return value
    },
    fromText: (text) => (/^\d+$/.test(text) ? Number(text) : text),
    print: String,
  }
}

export const onOff: ValueType<boolean> = {
  hint: 'true or false',
  parse(value) {
    if (typeof value !== 'boolean') throw new BadValue(onOff.hint)
    return value
  },
  fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  print: String,
}

export function oneOf<T extends string>(choices: readonly T[]): ValueType<T> {
  const hint = choices.map((choice) => `"${choice}"`).join(' or ')
  return {
    hint,
    parse(value) {
      const found = choices.find((choice) => choice === value)
      if (found === undefined) throw new BadValue(hint)
      return found
    },
    fromText: (text) => text,
    print: quote,
  }
}

export const deviceName: ValueType<string> = {
  hint: `a text of 1 to ${NAME_BYTES_MAX} bytes without control characters`,
  parse(value) {
    const isFine =
      typeof value === 'string' &&
      value.trim() !== '' &&
      Buffer.byteLength(value) <= NAME_BYTES_MAX &&
      !/[\p{Cc}\p{Cf}]/u.test(value)
    if (!isFine) throw new BadValue(deviceName.hint)
    return value.normalize('NFC')
  },
  fromText: (text) => text,
  print: quote,
}

/** `PORT` or `HOST:PORT`, where an IPv6 host stands in brackets. */
export function listenAddress(hostDefault: string): ValueType<ListenAddress> {
  const hint = `"PORT" or "HOST:PORT", with a port from 0 (any free one) to ${PORT_MAX}`
  return {
    hint,
    parse(value) {
      const found = typeof value === 'number' ? parseListen(String(value), hostDefault) : parseText(value, hostDefault)
      if (found === undefined) throw new BadValue(hint)
      return found
    },
    fromText: (text) => text,
    print: (value) => quote(printAddress(value)),
  }
}

/** Only loopback: an API that others can reach needs TLS and scoped tokens, which this version does not have. */
export const apiAddress: ValueType<ApiAddress> = {
  hint: `"off", "PORT" or "HOST:PORT" where HOST is 127.0.0.1, [::1] or localhost`,
  parse(value) {
    if (value === 'off' || value === false) return { kind: 'off' }
    const found = typeof value === 'number' ? parseListen(String(value), '127.0.0.1') : parseText(value, '127.0.0.1')
    if (found === undefined || !isLoopback(found.host)) throw new BadValue(apiAddress.hint)
    return { kind: 'tcp', ...found }
  },
  fromText: (text) => text,
  print: (value) => quote(value.kind === 'off' ? 'off' : printAddress(value)),
}

export const staticAddresses: ValueType<readonly StaticAddress[]> = {
  hint: 'a list of "HOST" or "HOST:PORT"',
  parse(value) {
    if (!Array.isArray(value)) throw new BadValue(staticAddresses.hint)
    return value.map((one: unknown) => {
      if (typeof one !== 'string' || parseHostPort(one) === undefined) throw new BadValue(staticAddresses.hint)
      return one
    })
  },
  textHint: 'separated by commas',
  fromText: (text) => (text.trim() === '' ? [] : text.split(',').map((one) => one.trim())),
  print: (value) => `[${value.map(quote).join(', ')}]`,
}

/** Rules as they are typed for `holt limit`. */
export const rateLimit: ValueType<RateLimit> = {
  hint: 'bytes a second such as "500K" or "2M", "none", "pause", or a list of those, also with times and days',
  parse(value) {
    const rules: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (!rules.every((rule) => typeof rule === 'string')) throw new BadValue(rateLimit.hint)
    try {
      return parseRateLimit(rules)
    } catch (cause) {
      if (!(cause instanceof RateLimitError)) throw cause
      throw new BadValue(rateLimit.hint, { cause })
    }
  },
  textHint: 'separated by semicolons',
  fromText: (text) => text.split(';'),
  print: (value) => {
    const rules = printRateLimit(value).map(quote)
    return rules.length === 1 ? rules.join('') : `[${rules.join(', ')}]`
  },
}

export function printAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function parseText(value: unknown, hostDefault: string): ListenAddress | undefined {
  return typeof value === 'string' ? parseListen(value.trim(), hostDefault) : undefined
}

function parseListen(text: string, hostDefault: string): ListenAddress | undefined {
  if (/^\d+$/.test(text)) return withPort(hostDefault, text)
  const found = parseHostPort(text)
  return found?.port === undefined ? undefined : withPort(found.host, found.port)
}

function parseHostPort(text: string): { host: string; port: string | undefined } | undefined {
  const found = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:[\]/]+))(?::(\d+))?$/.exec(text)
  const host = found?.[1] ?? found?.[2]
  if (host === undefined || (found?.[3] !== undefined && Number(found[3]) > PORT_MAX)) return undefined
  return { host, port: found?.[3] }
}

function withPort(host: string, port: string): ListenAddress | undefined {
  return Number(port) <= PORT_MAX ? { host, port: Number(port) } : undefined
}

/** A TOML basic string. JSON's escapes are a subset of TOML's. */
function quote(text: string): string {
  return JSON.stringify(text)
}
