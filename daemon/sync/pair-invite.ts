/** The side of a pairing that shows the code and listens (`protocol.md` §1, role R), with the limits that guard it. */

import { sameSecretBytes } from '../../protocol/cpace.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { PAIR_CODE_LIFE_MS } from '../../protocol/limits.ts'
import type { PairingCode } from '../../protocol/pairing.ts'
import { createCode } from '../../protocol/pairing.ts'
import type { PairIntroduction } from '../../protocol/pairing-messages.ts'
import { PAIR_NONCE_BYTES, encodePairMessage } from '../../protocol/pairing-messages.ts'
import { PAIR } from '../../protocol/protocols.ts'
import type { GroupDecision, Moment, PairingLimits } from '../core/pairing-limits.ts'
import {
  PAIRING_LIMITS_START,
  attemptsLeft,
  burnCode,
  codeLeftMs,
  countFailure,
  decideGroup,
  reopen,
  showCode,
} from '../core/pairing-limits.ts'
import type { AbortOptions, Clock, PeerStream } from '../ports.ts'
import type { Exchange, GuestRole, PairPorts, PairResult } from './pair.ts'
import { introduce, readIntroduction, resultOf, startExchange } from './pair.ts'
import { PairChannel } from './pair-channel.ts'
import { bothInGroups, joinHost, refuseGuest, welcomeGuest } from './pair-group.ts'

/** How often the life of a code is looked at: a machine that slept must not keep it alive. */
const LIFE_CHECK_MS = 5_000

export interface InviteOptions extends AbortOptions {
  /** Where this device's group is the one that stays. */
  readonly guestRole: GuestRole
  /** Once, when joiners can come. */
  readonly onCode: (code: PairingCode, expiresMs: number) => void
  /** A joiner came and did not pair; the code is still shown, and survives so many wrong codes more. */
  readonly onAttempt: (result: PairResult, attemptsLeft: number) => void
  readonly onTalking: (device: DeviceId) => void
}

/** A code on the screen. */
interface Showing {
  readonly code: PairingCode
  readonly guestRole: GuestRole
  /** Somebody proved to know it: from then on only that run decides how it ends. */
  isProved: boolean
  isTalking: boolean
  readonly end: (result: PairResult) => void
}

/** One per daemon: counts wrong codes across all codes that it shows. */
export class PairingDesk {
  readonly #ports: PairPorts
  #limits: PairingLimits = PAIRING_LIMITS_START
  #isInviting = false

  constructor(ports: PairPorts) {
    this.#ports = ports
  }

  /** After too many wrong codes: a person asked for another one nevertheless. */
  reopen(): void {
    this.#limits = reopen(this.#limits)
  }

  /** Shows a code until somebody paired with it, it was burnt, or the signal aborts, which burns it. */
  async invite(o: InviteOptions): Promise<PairResult> {
    const { clock, log } = this.#ports
    if (log.standing !== 'member') return { kind: 'not-a-member' }
    if (this.#isInviting) return { kind: 'busy' }
    if (o.signal.aborted) return { kind: 'cancelled' }
    const shown = showCode(this.#limits, momentOf(clock))
    if (shown === 'closed') return { kind: 'closed' }
    this.#limits = shown
    this.#isInviting = true
    try {
      return await this.#show(shown, o)
    } finally {
      this.#limits = burnCode(this.#limits)
      this.#isInviting = false
    }
  }

  async #show(shown: PairingLimits, o: InviteOptions): Promise<PairResult> {
    const { transport, clock, random } = this.#ports
    const { promise, resolve } = Promise.withResolvers<PairResult>()
    const showing = {
      code: createCode((length) => random.bytes(length)),
      guestRole: o.guestRole,
      isProved: false,
      isTalking: false,
      end: resolve,
    }
    const ended = new AbortController()
    const signal = AbortSignal.any([o.signal, ended.signal])
    using _handling = transport.handle(PAIR, (stream) => this.#answer(stream, showing, { ...o, signal }))
    try {
      transport.announce(showing.code.nameplate)
      o.onCode(showing.code, clock.wallMs() + PAIR_CODE_LIFE_MS)
      void watchLife(clock, shown, signal).then(() => {
        if (!showing.isProved) resolve({ kind: o.signal.aborted ? 'cancelled' : 'expired' })
      })
      return await promise
    } finally {
      transport.announce(null)
      ended.abort(new Error('the invitation has ended'))
    }
  }

  /** One run at a time; the others are told to come again. */
  async #answer(stream: PeerStream, showing: Showing, o: InviteOptions): Promise<void> {
    if (showing.isTalking || codeLeftMs(this.#limits, momentOf(this.#ports.clock)) === 0) {
      const reason = showing.isTalking ? 'busy' : 'closed'
      await stream.write(encodePairMessage({ kind: 'refusal', reason }), o)
      return
    }
    showing.isTalking = true
    try {
      o.onTalking(stream.remote)
      await this.#serve(stream, showing, o)
    } finally {
      showing.isTalking = false
    }
  }

  async #serve(stream: PeerStream, showing: Showing, o: InviteOptions): Promise<void> {
    using channel = new PairChannel(stream, this.#ports.clock, o)
    const result = await runInviter(channel, this.#ports, showing, () => {
      showing.isProved = true
      this.#limits = burnCode(this.#limits)
    })
    if (showing.isProved) showing.end(result)
    else if (result.kind === 'wrong-code') this.#countWrong(showing, o)
    else if (result.kind !== 'cancelled') o.onAttempt(result, attemptsLeft(this.#limits))
  }

  #countWrong(showing: Showing, o: InviteOptions): void {
    this.#limits = countFailure(this.#limits, momentOf(this.#ports.clock))
    if (this.#limits.isClosed) showing.end({ kind: 'closed' })
    else if (this.#limits.shown === null) showing.end({ kind: 'wrong-code' })
    else o.onAttempt({ kind: 'wrong-code' }, attemptsLeft(this.#limits))
  }
}

/** Resolves when the code's time is over, or the signal aborts. */
async function watchLife(clock: Clock, shown: PairingLimits, signal: AbortSignal): Promise<void> {
  for (;;) {
    const leftMs = codeLeftMs(shown, momentOf(clock))
    if (signal.aborted || leftMs === 0) return
    await clock.sleep(Math.min(leftMs, LIFE_CHECK_MS), { signal }).catch(() => undefined)
  }
}

function momentOf(clock: Clock): Moment {
  return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() }
}

async function runInviter(
  channel: PairChannel,
  ports: PairPorts,
  { code, guestRole }: Pick<Showing, 'code' | 'guestRole'>,
  onProved: () => void,
): Promise<PairResult> {
  const { log } = ports
  const hello = await channel.receive('hello')
  if (hello.stop !== undefined) return resultOf(hello.stop, log.self)
  const nonce = ports.random.bytes(PAIR_NONCE_BYTES)
  const unsent = await channel.send({ kind: 'hello', nonce })
  if (unsent !== undefined) return resultOf(unsent, log.self)
  const share = await channel.receive('share')
  if (share.stop !== undefined) return resultOf(share.stop, log.self)
  const guest = readIntroduction(share.message.associated)
  if (guest === undefined) return { kind: 'broken', detail: 'the joiner does not introduce itself' }
  const sessionId = Uint8Array.of(...hello.message.nonce, ...nonce)
  const exchange = startExchange(ports, code, { joiner: channel.remote, inviter: log.self, sessionId })
  const decision = decideGroup(introduce(ports), guest)
  const obstacle = await findObstacle(channel, ports, decision)
  if (obstacle !== undefined) return obstacle
  const unshared = await channel.send({ kind: 'share', ...exchange.own })
  if (unshared !== undefined) return resultOf(unshared, log.self)
  if (decision === 'both-in-groups') return bothInGroups(channel, log, guest)
  if (decision === 'same-group') return { kind: 'same-group', device: channel.remote, name: guest.name }
  const tags = exchange.tags(share.message)
  if (tags === undefined) return { kind: 'broken', detail: 'the joiner sent no share' }
  return checkProof(channel, ports, { exchange, tags, guest, guestRole, decision, onProved })
}

/** What keeps our group from taking the joiner in, if ours is the one that stays. */
async function findObstacle(
  channel: PairChannel,
  ports: PairPorts,
  decision: GroupDecision,
): Promise<PairResult | undefined> {
  // It has not heard yet that it was removed.
  const isStale = decision === 'same-group' && ports.log.state.removed.has(channel.remote)
  return decision === 'inviter' || isStale ? refuseGuest(channel, ports) : undefined
}

interface Claimed {
  readonly exchange: Exchange
  readonly tags: { readonly own: Uint8Array; readonly other: Uint8Array }
  readonly guest: PairIntroduction
  readonly guestRole: GuestRole
  readonly decision: 'inviter' | 'joiner'
  readonly onProved: () => void
}

async function checkProof(channel: PairChannel, ports: PairPorts, claimed: Claimed): Promise<PairResult> {
  const { tags, guest } = claimed
  const proof = await channel.receive('proof')
  if (proof.stop !== undefined) return resultOf(proof.stop, ports.log.self)
  if (!sameSecretBytes(proof.message.tag, tags.other)) {
    await channel.refuse('wrong-code')
    return { kind: 'wrong-code' }
  }
  claimed.onProved()
  const unsent = await channel.send({ kind: 'proof', tag: tags.own })
  if (unsent !== undefined) return resultOf(unsent, ports.log.self)
  if (claimed.decision === 'joiner') return joinHost(channel, ports, guest)
  const { guestRole, exchange } = claimed
  return welcomeGuest(channel, ports, guest, { sessionId: exchange.sessionId, guestRole })
}
