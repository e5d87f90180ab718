/** How many bytes to have asked of one peer at a time: what is on its way in a few round trips at the rate that was seen. */

import { BLOB_WINDOW_BYTES_MAX, BLOB_WINDOW_BYTES_MIN } from '../../protocol/limits.ts'

/** Before anything is known. */
const FIRST_BYTES = 4 * BLOB_WINDOW_BYTES_MIN
/** A rate is taken over at least this long. */
const SAMPLE_MS = 100
/** What a peer needs to read, check and send a chunk, and we to store it: counts as part of the round trip. */
const SERVICE_MS = 10
/** Round trips that the window holds. One keeps a steady line full; more absorb the pauses of two disks. */
const ROUND_TRIPS = 4
/** The share of a lower sample that the rate takes over; a higher one counts at once. */
const DECAY = 0.25

export interface Window {
  /** Between `BLOB_WINDOW_BYTES_MIN` and `BLOB_WINDOW_BYTES_MAX`. */
  readonly sizeBytes: number
  /** As it was seen; undefined before anything came. */
  readonly bytesPerMs: number | undefined
}

interface State {
  bytesPerMs: number | undefined
  roundTripMs: number
  sinceMs: number
  sampleBytes: number
}

export function createWindow(nowMs: number): Window & {
  /** Bytes came in. */
  arrived(bytes: number, nowMs: number): void
  /** A request was answered after so many milliseconds; the shortest counts. */
  answered(afterMs: number): void
} {
  const state: State = { bytesPerMs: undefined, roundTripMs: Number.POSITIVE_INFINITY, sinceMs: nowMs, sampleBytes: 0 }
  return {
    get sizeBytes() {
      if (state.bytesPerMs === undefined || !Number.isFinite(state.roundTripMs)) return FIRST_BYTES
      const ahead = ROUND_TRIPS * state.bytesPerMs * (state.roundTripMs + SERVICE_MS)
      return Math.round(Math.min(BLOB_WINDOW_BYTES_MAX, Math.max(BLOB_WINDOW_BYTES_MIN, ahead)))
    },
    get bytesPerMs() {
      return state.bytesPerMs
    },
    answered(afterMs) {
      state.roundTripMs = Math.min(state.roundTripMs, afterMs)
    },
    arrived(bytes, at) {
      state.sampleBytes += bytes
      if (at - state.sinceMs >= SAMPLE_MS) sample(state, at)
    },
  }
}

function sample(state: State, nowMs: number): void {
  const seen = state.sampleBytes / (nowMs - state.sinceMs)
  const before = state.bytesPerMs ?? seen
  state.bytesPerMs = seen > before ? seen : before + (seen - before) * DECAY
  state.sinceMs = nowMs
  state.sampleBytes = 0
}
