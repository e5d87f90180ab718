/** Limits as people type them, and which of them holds when. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { LimitWindow, RateLimit, Weekday } from '../../protocol/rate-limit.ts'
import {
  DAY_MINUTES,
  RateLimitError,
  UNLIMITED,
  WEEKDAYS,
  parseRateLimit,
  printRateLimit,
} from '../../protocol/rate-limit.ts'
import type { LocalTime } from '../../daemon/core/rate-now.ts'
import { minutesToBoundary, rateAt } from '../../daemon/core/rate-now.ts'
import { scaled } from '../scale.ts'

const WEEK_MINUTES = 7 * DAY_MINUTES
const RUNS = { numRuns: scaled({ small: 100, full: 1000 }) }

const aRate = fc.oneof(fc.constantFrom(null, 0), fc.integer({ min: 1000, max: 1e12 }))
const someDays = fc.subarray([...WEEKDAYS], { minLength: 1 })
const aWindow: fc.Arbitrary<LimitWindow> = fc
  .record({
    days: someDays,
    fromMinute: fc.nat(DAY_MINUTES - 1),
    toMinute: fc.integer({ min: 1, max: DAY_MINUTES }),
    bytesPerSecond: aRate,
  })
  .filter(({ fromMinute, toMinute }) => fromMinute !== toMinute)
  .map((window) => ({ ...window }))
const aLimit: fc.Arbitrary<RateLimit> = fc
  .record({ bytesPerSecond: aRate, windows: fc.array(aWindow, { maxLength: 4 }) })
  .map((limit) => ({ ...limit }))
const aMinute = fc.nat(WEEK_MINUTES - 1)

function timeOf(weekMinute: number): LocalTime {
  const minute = ((weekMinute % WEEK_MINUTES) + WEEK_MINUTES) % WEEK_MINUTES
  return { weekday: Math.floor(minute / DAY_MINUTES), minute: minute % DAY_MINUTES }
}

/** `mon 08:30` */
function at(text: string): LocalTime {
  const [day = '', hours = '', minutes = ''] = text.split(/[ :]/)
  return { weekday: WEEKDAYS.indexOf(day as Weekday), minute: Number(hours) * 60 + Number(minutes) }
}

describe('a limit that is typed', () => {
  it('is a rate, days, a time, or all of them', () => {
    assert.deepEqual(parseRateLimit(['2M']), { bytesPerSecond: 2_000_000, windows: [] })
    assert.deepEqual(parseRateLimit(['500 KB/s']), { bytesPerSecond: 500_000, windows: [] })
    for (const none of [[], ['none'], ['0'], ['NONE']]) assert.deepEqual(parseRateLimit(none), UNLIMITED)
    assert.deepEqual(parseRateLimit(['pause']), { bytesPerSecond: 0, windows: [] })
    assert.deepEqual(parseRateLimit(['1MiB', '08:00-18:00 mon-wed,fri 500K', '22:30-6:00 pause', 'sat,sun none']), {
      bytesPerSecond: 1_048_576,
      windows: [
        { days: ['mon', 'tue', 'wed', 'fri'], fromMinute: 480, toMinute: 1080, bytesPerSecond: 500_000 },
        { days: [...WEEKDAYS], fromMinute: 1350, toMinute: 360, bytesPerSecond: 0 },
        { days: ['sat', 'sun'], fromMinute: 0, toMinute: 1440, bytesPerSecond: null },
      ],
    })
    assert.deepEqual(parseRateLimit(['18:00-24:00 fri-mon 1M']).windows[0]?.days, ['mon', 'fri', 'sat', 'sun'])
    assert.deepEqual(parseRateLimit(['18:00-00:00 1M']), parseRateLimit(['18:00-24:00 daily 1M']))
  })

  it('is refused in a sentence where it means nothing, or two things', () => {
    const wrong = ['', 'fast', '12', '-1M', '1M 2M', '08:00 1M', '25:00-26:00 1M', '08:00-08:00 1M', '08:00-18:00']
    const more = ['08:00-18:60 1M', '24:00-08:00 1M', 'mon-funday 1M', 'mon-tue-wed 1M', 'mon, 1M', 'sat 0', '999T']
    for (const rule of [...wrong, ...more]) assert.throws(() => parseRateLimit([rule]), RateLimitError, rule)
    assert.throws(() => parseRateLimit(['1M', '2M']), /two rates/)
    assert.throws(() => parseRateLimit(['08:00-18:00 0']), /say "pause" or "none"/)
    assert.throws(() => parseRateLimit(Array.from({ length: 33 }, () => 'sat 1M')), /more than 32/)
  })

  it('is the same after it was printed', () => {
    fc.assert(
      fc.property(aLimit, (limit) => assert.deepEqual(parseRateLimit(printRateLimit(limit)), limit)),
      RUNS,
    )
    assert.deepEqual(printRateLimit(parseRateLimit(['1.5M', '08:00-18:00 500K', 'sat,sun pause'])), [
      '1.5M',
      '08:00-18:00 500K',
      'sat,sun pause',
    ])
  })
})

describe('a limit at a time', () => {
  it('is that of the first window that fits, and of none outside', () => {
    const limit = parseRateLimit(['3M', '12:00-13:00 none', '08:00-18:00 mon-fri 500K'])
    const rates = ['mon 07:59', 'mon 08:00', 'fri 12:30', 'fri 17:59', 'fri 18:00', 'sat 09:00', 'sat 12:00']
    assert.deepEqual(
      rates.map((time) => rateAt(limit, at(time))),
      [3_000_000, 500_000, null, 500_000, 3_000_000, 3_000_000, null],
    )
  })

  it('goes on after midnight, and over the end of the week', () => {
    const limit = parseRateLimit(['22:00-06:00 fri,sun pause'])
    const times = [
      'fri 21:59',
      'fri 22:00',
      'sat 05:59',
      'sat 06:00',
      'sat 23:00',
      'sun 03:00',
      'sun 23:00',
      'mon 05:59',
    ]
    assert.deepEqual(
      times.map((time) => rateAt(limit, at(time))),
      [null, 0, 0, null, null, null, 0, 0],
    )
  })

  it('holds in an hour that comes twice as in any other, and where one is left out from the next on', () => {
    const limit = parseRateLimit(['02:30-03:30 sun 1M'])
    // Summer time ends: 02:00 to 02:59, and again. It begins: after 01:59 comes 03:00.
    const twice = ['sun 02:29', 'sun 02:30', 'sun 02:59', 'sun 02:00', 'sun 02:30', 'sun 03:30']
    const leftOut = ['sun 01:59', 'sun 03:00', 'sun 03:29', 'sun 03:30']
    assert.deepEqual(
      twice.map((time) => rateAt(limit, at(time))),
      [null, 1_000_000, 1_000_000, null, 1_000_000, null],
    )
    assert.deepEqual(
      leftOut.map((time) => rateAt(limit, at(time))),
      [null, 1_000_000, 1_000_000, null],
    )
  })

  it('is what the windows say minute by minute', () => {
    fc.assert(
      fc.property(aLimit, aMinute, (limit, minute) => {
        const isIn = ({ days, fromMinute, toMinute }: LimitWindow): boolean => {
          const length = (toMinute - fromMinute + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES
          const begins = days.map((day) => WEEKDAYS.indexOf(day) * DAY_MINUTES + fromMinute)
          return begins.some((begin) => (minute - begin + WEEK_MINUTES) % WEEK_MINUTES < length)
        }
        const expected = limit.windows.find(isIn) ?? limit
        assert.equal(rateAt(limit, timeOf(minute)), expected.bytesPerSecond)
      }),
      RUNS,
    )
  })

  it('stays as it is until the next boundary', () => {
    fc.assert(
      fc.property(aLimit, aMinute, (limit, minute) => {
        const minutes = minutesToBoundary(limit, timeOf(minute))
        assert.equal(minutes === undefined, limit.windows.length === 0)
        const end = minutes ?? WEEK_MINUTES
        assert.ok(end >= 1)
        const now = rateAt(limit, timeOf(minute))
        for (let i = 1; i < end; i++) assert.equal(rateAt(limit, timeOf(minute + i)), now)
      }),
      RUNS,
    )
  })
})
