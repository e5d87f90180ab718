/** Times that lie in the past, as people type them. */

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}

/**
 * Milliseconds since 1970 of `2h`, `90 min`, `3d ago`, `yesterday` (its end), `2026-11-20` (its end), `2026-11-20 14:30`, `14:30`
 * of today, in the time zone of this process; or of a whole ISO 8601 time. Undefined for what is none, or is not past.
 */
export function parsePastTime(text: string, nowMs: number): number | undefined {
  const trimmed = text.trim().toLowerCase()
  const ms = ago(trimmed, nowMs) ?? named(trimmed, nowMs) ?? onDay(text.trim(), nowMs)
  return ms === undefined || Number.isNaN(ms) || ms > nowMs || ms < 0 ? undefined : ms
}

function ago(text: string, nowMs: number): number | undefined {
  const [, amount = '', unit = ''] = /^(\d{1,6})\s*(s|min|m|h|d|w)(?:\s+ago)?$/.exec(text) ?? []
  const unitMs = UNITS_MS[unit]
  return unitMs === undefined ? undefined : nowMs - Number(amount) * unitMs
}

function named(text: string, nowMs: number): number | undefined {
  if (text === 'yesterday') return startOfDay(nowMs)
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? []
  if (hours === undefined || minutes === undefined) return undefined
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  return new Date(startOfDay(nowMs)).setHours(Number(hours), Number(minutes))
}

function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0)
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/i

function onDay(text: string, nowMs: number): number | undefined {
  const [, year, month, day] = DATE.exec(text) ?? []
  if (year !== undefined) {
    const start = new Date(Number(year), Number(month) - 1, Number(day))
    if (start.getMonth() !== Number(month) - 1) return undefined
    return Math.min(new Date(start).setDate(start.getDate() + 1), Math.max(nowMs, start.getTime()))
  }
  return DATE_TIME.test(text) ? Date.parse(text.replace(' ', 'T')) : undefined
}
