/**
 * How fast bytes of files may go or come, by the time of day: one rate, and windows in which another one holds. Kept in the state
 * of a device and said by the API; as a text, one rule each:
 *
 *     2M                           always, where no window says otherwise
 *     08:00-18:00 mon-fri 500K     at these local times, windows before rules without one, the first that fits
 *     22:00-06:00 fri pause        from Friday evening to Saturday morning: nothing
 *     sat,sun none                 all day: as fast as it goes
 */

import { parseBytes } from './byte-size.ts'

/** Bytes a second. Null: as fast as it goes. 0: nothing at all. */
export type BytesPerSecond = number | null

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]

export const DAY_MINUTES = 24 * 60

/** Every week, from a minute of the day (in) to another (out). One that ends before it begins ends on the next day. */
export interface LimitWindow {
  /** On which it begins, in the order of the week; at least one. */
  readonly days: readonly Weekday[]
  /** 0 to 1439. */
  readonly fromMinute: number
  /** 1 to 1440, and not `fromMinute`. */
  readonly toMinute: number
  readonly bytesPerSecond: BytesPerSecond
}

export interface RateLimit {
  /** Outside of all windows. */
  readonly bytesPerSecond: BytesPerSecond
  /** The first that fits a time holds. */
  readonly windows: readonly LimitWindow[]
}

export const UNLIMITED: RateLimit = { bytesPerSecond: null, windows: [] }

/** Slower than any line that people have. Below it a chunk takes more than a quarter of an hour. */
export const BYTES_PER_SECOND_MIN = 1000
export const BYTES_PER_SECOND_MAX = 1e12
/** Windows of one limit: more than anybody writes. */
export const WINDOWS_MAX = 32

/** A rule was not understood; the message is a sentence. */
export class RateLimitError extends Error {
  override readonly name = 'RateLimitError'
}

/** From rules as people type them: at most one without a window. @throws RateLimitError */
export function parseRateLimit(rules: readonly string[]): RateLimit {
  let bytesPerSecond: BytesPerSecond | undefined
  const windows: LimitWindow[] = []
  for (const rule of rules) {
    const parsed = parseRule(rule)
    if ('days' in parsed) windows.push(parsed)
    else if (bytesPerSecond === undefined) bytesPerSecond = parsed.bytesPerSecond
    else throw new RateLimitError(`There are two rates that hold at all times: say when "${rule}" does.`)
  }
  if (windows.length > WINDOWS_MAX) throw new RateLimitError(`There are more than ${WINDOWS_MAX} windows.`)
  return { bytesPerSecond: bytesPerSecond ?? null, windows }
}

/** Rules that `parseRateLimit` makes the same limit of. */
export function printRateLimit({ bytesPerSecond, windows }: RateLimit): string[] {
  return [printRate(bytesPerSecond), ...windows.map(printWindow)]
}

/** `500K`, `1.5M`, `none`, `pause`. */
export function printRate(bytesPerSecond: BytesPerSecond): string {
  if (bytesPerSecond === null) return 'none'
  if (bytesPerSecond === 0) return 'pause'
  const fits = ([, size]: (typeof UNITS)[number]): boolean =>
    bytesPerSecond >= size && bytesPerSecond % (size / 10) === 0
  const [unit, size] = UNITS.find(fits) ?? ['', 1]
  return `${bytesPerSecond / size}${unit}`
}

const UNITS = [
  ['T', 1e12],
  ['G', 1e9],
  ['M', 1e6],
  ['K', 1e3],
] as const

function printWindow({ days, fromMinute, toMinute, bytesPerSecond }: LimitWindow): string {
  const isAllDay = fromMinute === 0 && toMinute === DAY_MINUTES
  const time = isAllDay ? [] : [`${printTime(fromMinute)}-${printTime(toMinute)}`]
  const isDaily = days.length === WEEKDAYS.length
  const on = isDaily && !isAllDay ? [] : [isDaily ? 'daily' : days.join(',')]
  return [...time, ...on, printRate(bytesPerSecond)].join(' ')
}

function printTime(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`
}

function parseRule(rule: string): LimitWindow | { readonly bytesPerSecond: BytesPerSecond } {
  const words = rule.trim().toLowerCase().split(/\s+/)
  const time = words[0]?.includes(':') === true ? parseTimes(words.shift() ?? '', rule) : undefined
  const days = /^[a-z]{3}([-,]|$)|^daily$/.test(words[0] ?? '') ? parseDays(words.shift() ?? '', rule) : undefined
  const bytesPerSecond = parseRate(words.join(' '), rule, time !== undefined || days !== undefined)
  if (time === undefined && days === undefined) return { bytesPerSecond }
  return { days: days ?? WEEKDAYS, ...(time ?? { fromMinute: 0, toMinute: DAY_MINUTES }), bytesPerSecond }
}

/** `0` is as fast as it goes where it stands alone, as elsewhere; in a window it could mean either. */
function parseRate(word: string, rule: string, isInWindow: boolean): BytesPerSecond {
  if (word === 'none' || (word === '0' && !isInWindow)) return null
  if (word === 'pause') return 0
  const bytes = parseBytes(word.replace(/\/s$/, ''))
  if (bytes === 0) throw new RateLimitError(`"${rule}" could mean nothing, or no limit: say "pause" or "none".`)
  if (bytes === undefined || bytes < BYTES_PER_SECOND_MIN || bytes > BYTES_PER_SECOND_MAX)
    throw new RateLimitError(
      `"${rule}" is no limit: a rate in bytes a second is from 1K up, such as 500K or 2M, or "none" or "pause"; before it may stand a time and days, as in "08:00-18:00 mon-fri 500K".`,
    )
  return bytes
}

function parseTimes(word: string, rule: string): { fromMinute: number; toMinute: number } {
  const [, fromHour = '', fromPart = '', toHour = '', toPart = ''] = /^(\d\d?):(\d\d)-(\d\d?):(\d\d)$/.exec(word) ?? []
  const [from, to] = [minuteOf(fromHour, fromPart), minuteOf(toHour, toPart)]
  if (from === undefined || to === undefined || from === DAY_MINUTES)
    throw new RateLimitError(`"${rule}" has no time that a clock shows: write it as 08:00-18:00.`)
  const toMinute = to === 0 ? DAY_MINUTES : to
  if (from === toMinute) throw new RateLimitError(`"${rule}" ends when it begins: all day is 00:00-24:00.`)
  return { fromMinute: from, toMinute }
}

function minuteOf(hours: string, minutes: string): number | undefined {
  const minute = Number(hours) * 60 + Number(minutes)
  return hours !== '' && Number(minutes) < 60 && minute <= DAY_MINUTES ? minute : undefined
}

function parseDays(word: string, rule: string): readonly Weekday[] {
  if (word === 'daily') return WEEKDAYS
  const days = new Set<Weekday>()
  for (const part of word.split(',')) {
    const [first = '', last = first, ...more] = part.split('-')
    const [from, to] = [dayNumber(first), dayNumber(last)]
    if (from === -1 || to === -1 || more.length > 0)
      throw new RateLimitError(`"${rule}" has no days of a week: write them as mon-fri or sat,sun.`)
    // From Friday to Monday goes over the end of the week.
    for (let i = 0; i <= (to - from + 7) % 7; i++) days.add(WEEKDAYS[(from + i) % 7] ?? 'mon')
  }
  return WEEKDAYS.filter((day) => days.has(day))
}

function dayNumber(text: string): number {
  return WEEKDAYS.findIndex((day) => day === text)
}
