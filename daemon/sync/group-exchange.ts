/**
 * Two devices come to the same group log (`/holt/group/1`, `protocol/group-messages.ts`): heads, then what each lacks. Members
 * do it when they meet and whenever the log changed. Strangers are heard narrowly: one at a time, for five seconds, up to
 * 256 KiB, and only an extension of our own log that makes the sender a member is taken.
 */

import type { Signed } from '../../protocol/crypto.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { GroupMessage, GroupRefusal } from '../../protocol/group-messages.ts'
import { decodeGroupMessage, encodeGroupMessage, opBatches, signedBytes } from '../../protocol/group-messages.ts'
import type { DeviceId, OpHash } from '../../protocol/ids.ts'
import { GROUP_OPS_MAX, STRANGER_GROUP_BYTES_MAX } from '../../protocol/limits.ts'
import { GROUP } from '../../protocol/protocols.ts'
import type { AbortOptions, Clock, PeerStream, PeerTransport } from '../ports.ts'
import { hasCode, startDeadline } from './deadline.ts'
import type { GroupLog } from './group-log.ts'

/** A whole exchange with a member: a full log over a slow link. */
const MEMBER_MS = 30_000
/** A whole exchange with a stranger. */
const STRANGER_MS = 5_000
/** How long after a stranger that was no newcomer nobody else is heard: what each can make us verify is bounded. */
const STRANGER_PAUSE_MS = 1_000
/** How long a word of a device may be on its way to this one by others. */
const SETTLED_WORD_MS = 60_000
/** The operations of one frame; the rest of the frame is framing. */
const BATCH_BYTES = STRANGER_GROUP_BYTES_MAX / 2
/** All operations that a member may send: a full log of operations of usual size. */
const MEMBER_BYTES_MAX = GROUP_OPS_MAX * 1024

export interface GroupPorts {
  readonly transport: PeerTransport
  readonly clock: Clock
  readonly log: GroupLog
}

export type GroupExchange =
  /** Both logs were the same at the end of it. */
  | {
      readonly kind: 'in-step'
      readonly received: number
      readonly sent: number
      /** The other had lost its own words: it was restored from a backup. It has them again. */
      readonly isRolledBack: boolean
    }
  /** The other device says that this one was removed from the group. */
  | { readonly kind: 'removed' }
  /** The other device is in another group. */
  | { readonly kind: 'foreign' }
  /** It hears another stranger now; try again. */
  | { readonly kind: 'busy' }
  /** It does not take this device for a member. */
  | { readonly kind: 'stranger' }
  /** Not connected, or the connection ended, or it took too long. */
  | { readonly kind: 'offline' }
  /** The group was changed by a newer Holt. */
  | { readonly kind: 'update-needed' }
  /** The other device broke the protocol; nothing was taken. */
  | { readonly kind: 'broken'; readonly detail: string }

/** Opens an exchange with a device. Call it when a member comes online, and with every member online when the log changed. */
export async function exchangeGroup(ports: GroupPorts, device: DeviceId, o: AbortOptions): Promise<GroupExchange> {
  using limit = startDeadline(ports.clock, MEMBER_MS, o)
  let stream: PeerStream | undefined
  try {
    stream = await ports.transport.open(device, GROUP, limit)
    const result = await openExchange(ports, stream, limit)
    await stream.close()
    return result
  } catch (cause) {
    stream?.abort('the exchange of group logs failed')
    const failure = failureOf(cause, limit.isOver)
    if (failure === undefined) throw cause
    return failure
  }
}

export interface ServedExchange {
  readonly device: DeviceId
  readonly wasMember: boolean
  readonly result: GroupExchange
}

/** Answers exchanges until it is disposed. @param onServed Told how each ended. */
export function serveGroup(
  ports: GroupPorts,
  o: AbortOptions & { readonly onServed: (served: ServedExchange) => void },
): Disposable {
  let isHearingStranger = false
  const hear = async (stream: PeerStream, wasMember: boolean): Promise<void> => {
    const result = await answerExchange(ports, stream, wasMember, o)
    o.onServed({ device: stream.remote, wasMember, result })
  }
  return ports.transport.handle(GROUP, async (stream) => {
    if (ports.log.isMember(stream.remote)) return hear(stream, true)
    if (isHearingStranger) {
      await refuse(stream, 'busy', o)
      return
    }
    isHearingStranger = true
    try {
      await hear(stream, false)
    } finally {
      const pauseMs = ports.log.isMember(stream.remote) ? 0 : STRANGER_PAUSE_MS
      const listen = (): void => void (isHearingStranger = false)
      void ports.clock.sleep(pauseMs, o).then(listen, listen)
    }
  })
}

async function openExchange({ log, clock }: GroupPorts, stream: PeerStream, o: AbortOptions): Promise<GroupExchange> {
  await send(stream, helloOf(log), o)
  const hello = await receive(stream, o)
  if (hello.kind === 'refusal')
    return hello.reason === 'removed' ? hearRemoval(log, stream, o) : refusedAs(hello.reason)
  if (hello.kind !== 'hello') throw outOfTurn(hello, 'hello')
  if (hello.group !== log.groupId) return { kind: 'foreign' }
  const own = settledWords(log, stream.remote, clock)
  const sent = await sendOps(log, stream, hello, o)
  const answer = await receive(stream, o)
  if (answer.kind === 'refusal') return refusedAs(answer.reason)
  const ops = await receiveOps(stream, answer, MEMBER_BYTES_MAX, o)
  const received = (await log.merge(ops)) ?? 0
  return { kind: 'in-step', sent, received, isRolledBack: lacks(log, hello.heads, own) }
}

async function answerExchange(
  { clock, log }: GroupPorts,
  stream: PeerStream,
  isMember: boolean,
  o: AbortOptions,
): Promise<GroupExchange> {
  using limit = startDeadline(clock, isMember ? MEMBER_MS : STRANGER_MS, o)
  try {
    if (log.state.removed.has(stream.remote)) return await answerRemoved(log, stream, limit)
    const hello = await receive(stream, limit)
    if (hello.kind !== 'hello') throw outOfTurn(hello, 'hello')
    if (hello.group !== log.groupId) return await refuse(stream, 'foreign', limit)
    const own = settledWords(log, stream.remote, clock)
    await send(stream, helloOf(log), limit)
    const bytesMax = isMember ? MEMBER_BYTES_MAX : STRANGER_GROUP_BYTES_MAX
    const ops = await receiveOps(stream, await receive(stream, limit), bytesMax, limit)
    const received = isMember ? await log.merge(ops) : await log.merge(ops, (after) => after.members.has(stream.remote))
    if (received === undefined) return await refuse(stream, 'stranger', limit)
    // By now the other may have been removed, by what it sent itself: it still learns of it.
    const sent = await sendOps(log, stream, hello, limit)
    return { kind: 'in-step', received, sent, isRolledBack: lacks(log, hello.heads, own) }
  } catch (cause) {
    stream.abort('the exchange of group logs failed')
    const failure = failureOf(cause, limit.isOver)
    if (failure === undefined) throw cause
    return failure
  }
}

/**
 * A removed device gets the operations that removed it, and nothing else. It may show its own log then, which is taken, as that
 * of a stranger, only if it makes the device a member: the recovery words have taken the removal back.
 */
async function answerRemoved(log: GroupLog, stream: PeerStream, o: AbortOptions): Promise<GroupExchange> {
  const refused = await refuse(stream, 'removed', o)
  const by = log.state.removed.get(stream.remote)?.by
  const removals = log.ops.filter(
    ({ author, change }) => author === by && change.kind === 'remove' && change.device === stream.remote,
  )
  try {
    await send(stream, { kind: 'ops', ops: removals.map(({ signed }) => signed), isLast: true }, o)
    const hello = await stream.read(o)
    const plea = hello === undefined ? undefined : await stream.read(o)
    if (plea === undefined) return refused
    const ops = await receiveOps(stream, decodeGroupMessage(plea), STRANGER_GROUP_BYTES_MAX, o)
    const received = await log.merge(ops, (after) => after.members.has(stream.remote))
    return received === undefined ? refused : { kind: 'in-step', received, sent: 0, isRolledBack: false }
  } catch (cause) {
    // An older Holt, or one that has nothing to say against it, hangs up at the first word.
    if (!hasCode(cause, 'gone')) throw cause
    return refused
  }
}

/** The other side of `answerRemoved`. An older Holt says no more than that. */
async function hearRemoval(log: GroupLog, stream: PeerStream, o: AbortOptions): Promise<GroupExchange> {
  try {
    const frame = await stream.read(o)
    const message = frame === undefined ? undefined : decodeGroupMessage(frame)
    if (message?.kind === 'ops') await log.noteRemoval(message.ops)
    const hasWords = log.ops.some(({ author }) => author === log.state.recovery)
    if (message === undefined || log.standing !== 'member' || !hasWords) return { kind: 'removed' }
    const batches = opBatches(
      log.ops.map(({ signed }) => signed),
      BATCH_BYTES,
    )
    for (const [i, ops] of batches.entries())
      await send(stream, { kind: 'ops', ops, isLast: i === batches.length - 1 }, o)
  } catch (cause) {
    if (!hasCode(cause, 'gone')) throw cause
  }
  return { kind: 'removed' }
}

/**
 * What a device has said so long ago that it cannot have been on its way while it named its heads. Additions are left out: the
 * device that signs one may never hear that the newcomer took it.
 */
function settledWords(log: GroupLog, device: DeviceId, clock: Clock): ReadonlySet<OpHash> {
  const beforeMs = clock.wallMs() - SETTLED_WORD_MS
  const own = log.ops.filter(
    ({ author, change, hlc }) => author === device && change.kind !== 'add' && hlc.ms < beforeMs,
  )
  return new Set(own.map(({ hash }) => hash))
}

/** Whether heads that a device named know nothing of some of its own words. */
function lacks(log: GroupLog, heads: readonly OpHash[], own: ReadonlySet<OpHash>): boolean {
  return own.size > 0 && log.missingAfter(heads).some(({ hash }) => own.has(hash))
}

/** Heads, and the operations 1, 2, 4 … places before the end. */
function helloOf(log: GroupLog): Extract<GroupMessage, { kind: 'hello' }> {
  const samples: OpHash[] = []
  for (let back = 1; back < log.ops.length; back *= 2) {
    const op = log.ops.at(-1 - back)
    if (op !== undefined) samples.push(op.hash)
  }
  return { kind: 'hello', group: log.groupId, heads: log.state.heads, samples }
}

async function sendOps(
  log: GroupLog,
  stream: PeerStream,
  hello: Extract<GroupMessage, { kind: 'hello' }>,
  o: AbortOptions,
): Promise<number> {
  const missing = log.missingAfter([...hello.heads, ...hello.samples]).map(({ signed }) => signed)
  const batches = opBatches(missing, BATCH_BYTES)
  for (const [i, ops] of batches.entries()) {
    await send(stream, { kind: 'ops', ops, isLast: i === batches.length - 1 }, o)
  }
  return missing.length
}

async function receiveOps(
  stream: PeerStream,
  first: GroupMessage,
  bytesMax: number,
  o: AbortOptions,
): Promise<Signed[]> {
  const ops: Signed[] = []
  let bytes = 0
  for (let message = first; ; message = await receive(stream, o)) {
    if (message.kind !== 'ops') throw outOfTurn(message, 'ops')
    ops.push(...message.ops)
    bytes += message.ops.reduce((sum, op) => sum + signedBytes(op), 0)
    if (bytes > bytesMax || ops.length > GROUP_OPS_MAX)
      throw new ProtocolError('too-large', 'more group operations than may be sent')
    if (message.isLast) return ops
  }
}

async function refuse(stream: PeerStream, reason: GroupRefusal, o: AbortOptions): Promise<GroupExchange> {
  await send(stream, { kind: 'refusal', reason }, o)
  return refusedAs(reason)
}

function refusedAs(reason: GroupRefusal): GroupExchange {
  return reason === 'other' ? { kind: 'broken', detail: 'the other device refused' } : { kind: reason }
}

async function send(stream: PeerStream, message: GroupMessage, o: AbortOptions): Promise<void> {
  await stream.write(encodeGroupMessage(message), o)
}

async function receive(stream: PeerStream, o: AbortOptions): Promise<GroupMessage> {
  const frame = await stream.read(o)
  if (frame === undefined) throw new ProtocolError('out-of-turn', 'the other device ended the exchange early')
  return decodeGroupMessage(frame)
}

function outOfTurn(message: GroupMessage, expected: GroupMessage['kind']): ProtocolError {
  return new ProtocolError('out-of-turn', `a ${message.kind} came where ${expected} belongs`)
}

/** What a failure says of the other device; undefined for one of our own. */
function failureOf(cause: unknown, isLate: boolean): GroupExchange | undefined {
  if (cause instanceof ProtocolError) {
    return cause.code === 'unknown-version' ? { kind: 'update-needed' } : { kind: 'broken', detail: cause.message }
  }
  if (hasCode(cause, 'newer')) return { kind: 'update-needed' }
  if (isLate || hasCode(cause, 'offline', 'refused', 'gone')) return { kind: 'offline' }
  return hasCode(cause, 'too-large') ? { kind: 'broken', detail: 'a frame is too large' } : undefined
}
