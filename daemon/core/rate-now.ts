/** Which rate holds at a time of the week, and for how long at least. Knows no clock: what the device's own shows is told. */

import type { BytesPerSecond, LimitWindow, RateLimit } from '../../protocol/rate-limit.ts'
import { DAY_MINUTES, WEEKDAYS } from '../../protocol/rate-limit.ts'

/** What the clock on the wall shows where the device is. */
export interface LocalTime {
  /** 0 is Monday. */
  readonly weekday: number
  /** Of the day, 0 to 1439. */
  readonly minute: number
}

export function rateAt(limit: RateLimit, time: LocalTime): BytesPerSecond {
  const window = limit.windows.find((each) => holds(each, time))
  return window === undefined ? limit.bytesPerSecond : window.bytesPerSecond
}

/**
 * Whole minutes, from 1 up, for which the rate stays as it is at least, by a clock that is not set meanwhile. Undefined: for ever.
 * May be less than it truly is, never more.
 */
export function minutesToBoundary({ windows }: RateLimit, { minute }: LocalTime): number | undefined {
  if (windows.length === 0) return undefined
  const until = (then: number): number => ((then - minute + DAY_MINUTES - 1) % DAY_MINUTES) + 1
  return Math.min(...windows.flatMap(({ fromMinute, toMinute }) => [until(fromMinute), until(toMinute)]))
}

function holds({ days, fromMinute, toMinute }: LimitWindow, { weekday, minute }: LocalTime): boolean {
  const isOn = (day: number): boolean => days.some((each) => each === WEEKDAYS[(day + 7) % 7])
  if (fromMinute < toMinute) return isOn(weekday) && minute >= fromMinute && minute < toMinute
  return (isOn(weekday) && minute >= fromMinute) || (isOn(weekday - 1) && minute < toMinute)
}
