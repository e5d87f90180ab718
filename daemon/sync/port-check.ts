/** Whether two members can open connections to each other, in both directions: `/holt/ports/1`. */

import type { PortAnswer } from '../../protocol/port-messages.ts'
import {
  decodePortAnswer,
  decodePortQuestion,
  encodePortAnswer,
  encodePortQuestion,
} from '../../protocol/port-messages.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { PORTS } from '../../protocol/protocols.ts'
import type { AbortOptions, Clock, PeerTransport } from '../ports.ts'
import { startDeadline } from './deadline.ts'

/** The question, both tries and the answer. */
const CHECK_MS = 10_000

export interface PortCheckPorts {
  readonly transport: PeerTransport
  readonly clock: Clock
}

export interface PortCheck {
  /** Where the other device listens. */
  readonly port: number
  readonly isReachedFromHere: boolean
  readonly isReachedFromThere: boolean
}

/** Answers the checks of other members. */
export function servePortChecks({ transport, clock }: PortCheckPorts, o: AbortOptions): Disposable {
  return transport.handle(PORTS, async (stream) => {
    using limit = startDeadline(clock, CHECK_MS, o)
    const question = await stream.read(limit)
    if (question === undefined) return
    const isReached = await transport.reaches(stream.remote, decodePortQuestion(question), limit)
    await stream.write(encodePortAnswer({ port: transport.port, isReached }), limit)
  })
}

/** @throws PeerError when the other device is not there or does not know the check; ProtocolError */
export async function checkPorts(
  { transport, clock }: PortCheckPorts,
  device: DeviceId,
  o: AbortOptions,
): Promise<PortCheck | undefined> {
  using limit = startDeadline(clock, CHECK_MS, o)
  const stream = await transport.open(device, PORTS, limit)
  let answer: PortAnswer
  try {
    await stream.write(encodePortQuestion(transport.port), limit)
    const frame = await stream.read(limit)
    if (frame === undefined) return undefined
    answer = decodePortAnswer(frame)
    await stream.close()
  } catch (cause) {
    stream.abort('the check has failed')
    throw cause
  }
  const isReachedFromHere = await transport.reaches(device, answer.port, limit)
  return { port: answer.port, isReachedFromHere, isReachedFromThere: answer.isReached }
}
