/** The side of a pairing that types the code and dials (`protocol.md` §1, role I). */

import { sameSecretBytes } from '../../protocol/cpace.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { PAIR_STEP_MS } from '../../protocol/limits.ts'
import type { PairingCode } from '../../protocol/pairing.ts'
import type { PairIntroduction } from '../../protocol/pairing-messages.ts'
import { PAIR_NONCE_BYTES } from '../../protocol/pairing-messages.ts'
import { PAIR } from '../../protocol/protocols.ts'
import { decideGroup } from '../core/pairing-limits.ts'
import type { AbortOptions, Inviter, PeerStream } from '../ports.ts'
import { hasCode, startDeadline } from './deadline.ts'
import type { Exchange, GuestRole, PairPorts, PairResult } from './pair.ts'
import { introduce, readIntroduction, resultOf, startExchange } from './pair.ts'
import { PairChannel } from './pair-channel.ts'
import { bothInGroups, joinHost, refuseGuest, welcomeGuest } from './pair-group.ts'

/** How long a device that shows the nameplate is looked for. */
const FIND_MS = 60_000
/** When the person is told that nobody was found yet. */
const HINT_MS = 10_000
/** How long a second device with the same nameplate is waited for once the first was found. */
const RIVAL_MS = 1_000

export interface JoinOptions extends AbortOptions {
  readonly code: PairingCode
  /** `HOST[:PORT]`, where there is no multicast. */
  readonly address?: string
  /** Where this device's group is the one that stays. */
  readonly guestRole: GuestRole
  /** Nobody was found within 10 s; the search goes on. */
  readonly onHint: () => void
  /** Several devices show the nameplate: which one? Undefined: none of them. */
  readonly choose: (inviters: readonly Inviter[], o: AbortOptions) => Promise<DeviceId | undefined>
  /** A device was found and is being talked with. */
  readonly onTalking: (device: DeviceId) => void
}

/**
 * Pairs with the device that shows a code; tries exactly one. @throws PeerError `bad-address`
 */
export async function joinPairing(ports: PairPorts, o: JoinOptions): Promise<PairResult> {
  if (ports.log.standing !== 'member') return { kind: 'not-a-member' }
  const found = await untilCancelled(o, () => findInviter(ports, o))
  if (found === undefined || found === 'none') return { kind: found === 'none' ? 'not-found' : 'cancelled' }
  o.onTalking(found)
  const stream = await untilCancelled(o, () => openStream(ports, found, o))
  if (stream === undefined) return { kind: 'cancelled' }
  if ('kind' in stream) return stream
  using channel = new PairChannel(stream, ports.clock, o)
  const result = await runJoiner(channel, ports, o)
  if (result.kind === 'paired') await stream.close()
  else stream.abort(result.kind)
  return result
}

/** Undefined when the person cancelled meanwhile. */
async function untilCancelled<T>({ signal }: AbortOptions, body: () => Promise<T>): Promise<T | undefined> {
  try {
    return signal.aborted ? undefined : await body()
  } catch (cause) {
    if (signal.aborted) return undefined
    throw cause
  }
}

/** `none`: nobody is there. Undefined: the person chose none. */
async function findInviter(ports: PairPorts, o: JoinOptions): Promise<DeviceId | 'none' | undefined> {
  if (o.address !== undefined) return dial(ports, o.address, o)
  const inviters = await searchInviters(ports, o)
  return inviters.length > 1 ? o.choose(inviters, o) : (inviters[0]?.device ?? 'none')
}

async function dial({ transport, clock }: PairPorts, address: string, o: AbortOptions): Promise<DeviceId | 'none'> {
  using limit = startDeadline(clock, PAIR_STEP_MS, o)
  try {
    const device = await transport.dial(address, limit)
    return device === transport.self ? 'none' : device
  } catch (cause) {
    if (limit.isOver || hasCode(cause, 'offline')) return 'none'
    throw cause
  }
}

/** Everyone who shows the nameplate within a second of the first. */
async function searchInviters({ transport, clock }: PairPorts, o: JoinOptions): Promise<Inviter[]> {
  using search = startDeadline(clock, FIND_MS, o)
  const enough = new AbortController()
  const hint = new AbortController()
  const signal = AbortSignal.any([search.signal, enough.signal])
  const found = new Map<DeviceId, Inviter>()
  void clock.sleep(HINT_MS, { signal: hint.signal }).then(o.onHint, () => undefined)
  try {
    for await (const inviter of transport.inviters(o.code.nameplate, { signal })) {
      if (inviter.device === transport.self) continue
      hint.abort()
      if (found.size === 0)
        void clock.sleep(RIVAL_MS, { signal }).then(
          () => enough.abort(),
          () => undefined,
        )
      found.set(inviter.device, inviter)
    }
  } catch (cause) {
    if (!signal.aborted) throw cause
  } finally {
    hint.abort()
    enough.abort()
  }
  o.signal.throwIfAborted()
  return [...found.values()]
}

async function openStream(
  { transport, clock }: PairPorts,
  device: DeviceId,
  o: AbortOptions,
): Promise<PeerStream | PairResult> {
  using limit = startDeadline(clock, PAIR_STEP_MS, o)
  try {
    return await transport.open(device, PAIR, limit)
  } catch (cause) {
    if (limit.isOver) return { kind: 'timeout' }
    if (hasCode(cause, 'offline')) return { kind: 'not-found' }
    // Strangers may open it only while a code is shown.
    if (hasCode(cause, 'refused')) return { kind: 'closed' }
    if (hasCode(cause, 'gone')) return { kind: 'lost' }
    throw cause
  }
}

async function runJoiner(
  channel: PairChannel,
  ports: PairPorts,
  { code, guestRole }: Pick<JoinOptions, 'code' | 'guestRole'>,
): Promise<PairResult> {
  const self = ports.log.self
  const nonce = ports.random.bytes(PAIR_NONCE_BYTES)
  const unsent = await channel.send({ kind: 'hello', nonce })
  if (unsent !== undefined) return resultOf(unsent, self)
  const hello = await channel.receive('hello')
  if (hello.stop !== undefined) return resultOf(hello.stop, self)
  const sessionId = Uint8Array.of(...nonce, ...hello.message.nonce)
  const exchange = startExchange(ports, code, { joiner: self, inviter: channel.remote, sessionId })
  const unshared = await channel.send({ kind: 'share', ...exchange.own })
  if (unshared !== undefined) return resultOf(unshared, self)
  const share = await channel.receive('share')
  if (share.stop !== undefined) return resultOf(share.stop, self)
  const host = readIntroduction(share.message.associated)
  if (host === undefined) return { kind: 'broken', detail: 'the other device does not introduce itself' }
  const tags = exchange.tags(share.message)
  if (tags === undefined) return { kind: 'broken', detail: 'the other device sent no share' }
  return proveAndMeet(channel, ports, { exchange, tags, host, guestRole })
}

interface Met {
  readonly exchange: Exchange
  readonly tags: { readonly own: Uint8Array; readonly other: Uint8Array }
  readonly host: PairIntroduction
  readonly guestRole: GuestRole
}

async function proveAndMeet(channel: PairChannel, ports: PairPorts, met: Met): Promise<PairResult> {
  const { log } = ports
  const { tags, host } = met
  const decision = decideGroup(host, introduce(ports))
  if (decision === 'both-in-groups') return bothInGroups(channel, log, host)
  if (decision === 'same-group') return { kind: 'same-group', device: channel.remote, name: host.name }
  const obstacle = decision === 'joiner' ? await refuseGuest(channel, ports) : undefined
  if (obstacle !== undefined) return obstacle
  const unproved = await channel.send({ kind: 'proof', tag: tags.own })
  if (unproved !== undefined) return resultOf(unproved, log.self)
  const proof = await channel.receive('proof')
  if (proof.stop !== undefined) return resultOf(proof.stop, log.self)
  if (!sameSecretBytes(proof.message.tag, tags.other)) {
    await channel.refuse('wrong-code')
    return { kind: 'wrong-code' }
  }
  if (decision === 'inviter') return joinHost(channel, ports, host)
  return welcomeGuest(channel, ports, host, { sessionId: met.exchange.sessionId, guestRole: met.guestRole })
}
