/** Asks other members what they keep, and that they bring it back: `/holt/kept/1`. */

import type { DeviceId } from '../../protocol/ids.ts'
import type { KeptAnswer, KeptQuestion } from '../../protocol/kept-messages.ts'
import { decodeKeptAnswer, encodeKeptQuestion } from '../../protocol/kept-messages.ts'
import { KEPT_SILENCE_MS } from '../../protocol/limits.ts'
import { KEPT } from '../../protocol/protocols.ts'
import type { AbortOptions, Clock, PeerTransport } from '../ports.ts'
import { startDeadline } from './deadline.ts'

export interface KeptAskPorts {
  readonly transport: Pick<PeerTransport, 'open'>
  readonly clock: Clock
}

type Part = Exclude<KeptAnswer, { kind: 'done' | 'refused' }>

/** What came of a question. What had come before it was refused, or before the device went, counts. */
export interface KeptReply {
  readonly device: DeviceId
  readonly parts: readonly Part[]
  /** A sentence that says why there is no more; null when the device has said all. */
  readonly refusal: string | null
}

/** Never rejects for what the other device does. */
export async function askKept(
  { transport, clock }: KeptAskPorts,
  device: DeviceId,
  question: KeptQuestion,
  o: AbortOptions,
): Promise<KeptReply> {
  const parts: Part[] = []
  let items = 0
  const reply = (refusal: string | null): KeptReply => ({ device, parts, refusal })
  const within = async <T>(body: (o: AbortOptions) => Promise<T>): Promise<T> => {
    using limit = startDeadline(clock, KEPT_SILENCE_MS, o)
    return await body(limit)
  }
  try {
    const stream = await within((limit) => transport.open(device, KEPT, limit))
    try {
      await within((limit) => stream.write(encodeKeptQuestion(question), limit))
      for (;;) {
        const frame = await within((limit) => stream.read(limit))
        if (frame === undefined) return reply('It ended the conversation.')
        const answer = decodeKeptAnswer(frame)
        if (answer.kind === 'done') return reply(null)
        if (answer.kind === 'refused') return reply(answer.sentence)
        items += itemsOf(answer)
        if (items > ITEMS_MAX) return reply('It says more than it should.')
        parts.push(answer)
      }
    } finally {
      stream.abort('all is said')
    }
  } catch (cause) {
    if (o.signal.aborted) throw cause
    return reply(`It could not be asked (${cause instanceof Error ? cause.message : String(cause)}).`)
  }
}

/** Steps, versions or paths of one answer that are taken: more than a folder has paths. */
const ITEMS_MAX = 1_000_000

function itemsOf(part: Part): number {
  switch (part.kind) {
    case 'steps':
      return part.steps.length + 1
    case 'versions':
      return part.versions.length + 1
    case 'brought':
      return part.paths.length + 1
  }
}
