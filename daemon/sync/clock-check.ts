/** How far the clocks of other members are from this device's: `/holt/clock/1`, asked when a session begins, and now and then. */

import {
  decodeClockAnswer,
  decodeClockQuestion,
  encodeClockAnswer,
  encodeClockQuestion,
} from '../../protocol/clock-messages.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { CLOCK } from '../../protocol/protocols.ts'
import type { AbortOptions, Clock, PeerTransport } from '../ports.ts'
import type { Latch } from './latch.ts'
import { raisedOrAfter } from './latch.ts'
import { hasCode, isAborted, startDeadline } from './deadline.ts'

/** A question and its answer. Slower ones say too little. */
const ANSWER_MS = 10_000
/** How often a device is asked while its session lasts. */
const ASK_EVERY_MS = 10 * 60_000
const ASK_SLACK_MS = 10_000

export interface ClockPorts {
  readonly transport: PeerTransport
  readonly clock: Clock
}

export interface ClockWatch extends ClockPorts {
  /** Devices with an open session. */
  readonly online: () => Iterable<DeviceId>
  /** Raised when a session begins. */
  readonly hasBegun: Latch
  /** @param aheadMs how far the other clock is ahead of this one */
  readonly onSeen: (device: DeviceId, aheadMs: number) => void
}

/** Answers the questions of other members. */
export function serveClock({ transport, clock }: ClockPorts, o: AbortOptions): Disposable {
  return transport.handle(CLOCK, async (stream) => {
    using limit = startDeadline(clock, ANSWER_MS, o)
    const question = await stream.read(limit)
    if (question === undefined) return
    decodeClockQuestion(question)
    await stream.write(encodeClockAnswer(clock.wallMs()), limit)
  })
}

/** Runs until the signal aborts, and then throws its reason. */
export async function watchClocks(watch: ClockWatch, o: AbortOptions): Promise<void> {
  const { clock, online, onSeen } = watch
  const asked = new Map<DeviceId, number>()
  for (;;) {
    let nextMs = ASK_EVERY_MS
    const there = new Set(online())
    for (const device of asked.keys()) if (!there.has(device)) asked.delete(device)
    for (const device of there) {
      const lastMs = asked.get(device)
      const leftMs = lastMs === undefined ? 0 : lastMs + ASK_EVERY_MS - clock.monotonicMs()
      if (leftMs > 0) {
        nextMs = Math.min(nextMs, leftMs)
        continue
      }
      asked.set(device, clock.monotonicMs())
      const aheadMs = await askClock(watch, device, o)
      if (aheadMs !== undefined) onSeen(device, aheadMs)
    }
    await raisedOrAfter(watch.hasBegun, clock, nextMs, { ...o, slackMs: ASK_SLACK_MS })
  }
}

/** Undefined where the device is not there, is an older Holt, or does not answer in time. */
export async function askClock(
  { transport, clock }: ClockPorts,
  device: DeviceId,
  o: AbortOptions,
): Promise<number | undefined> {
  using limit = startDeadline(clock, ANSWER_MS, o)
  try {
    const stream = await transport.open(device, CLOCK, limit)
    const beganMs = clock.monotonicMs()
    await stream.write(encodeClockQuestion(), limit)
    const frame = await stream.read(limit)
    await stream.close()
    // The answer was given half of the way back.
    const agoMs = Math.round((clock.monotonicMs() - beganMs) / 2)
    return frame === undefined ? undefined : decodeClockAnswer(frame) + agoMs - clock.wallMs()
  } catch (cause) {
    if (isAborted(o)) throw cause
    if (limit.isOver || cause instanceof ProtocolError || hasCode(cause, 'offline', 'refused', 'gone', 'too-large'))
      return undefined
    throw cause
  }
}
