/** Devices of a simulated world with what pairing and the group need, and nothing else of a daemon. */

import assert from 'node:assert/strict'
import { hex } from '@scure/base'
import type { Signer } from '../../protocol/crypto.ts'
import type { FolderRecord } from '../../protocol/group.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { folderIdOf } from '../../protocol/ids.ts'
import type { PairingCode } from '../../protocol/pairing.ts'
import type { Recovery } from '../../protocol/recovery.ts'
import { exchangeKeyOf } from '../../protocol/recovery.ts'
import type { Inviter } from '../../daemon/ports.ts'
import { createSigner } from '../../daemon/native-crypto.ts'
import { openGroupLog } from '../../daemon/sync/found-group.ts'
import { readRecoveryWords } from '../../daemon/sync/group-file.ts'
import type { ServedExchange } from '../../daemon/sync/group-exchange.ts'
import { GroupKeeper } from '../../daemon/sync/group-keeper.ts'
import type { GroupLog } from '../../daemon/sync/group-log.ts'
import type { GuestRole, PairPorts, PairResult } from '../../daemon/sync/pair.ts'
import { PairingDesk } from '../../daemon/sync/pair-invite.ts'
import { joinPairing } from '../../daemon/sync/pair-join.ts'
import type { SimDevice, SimPorts, World } from '../sim/world.ts'
import { createWorld } from '../sim/world.ts'

/** One life of a device. */
export interface Peer {
  readonly name: string
  readonly device: SimDevice
  readonly ports: SimPorts
  readonly log: GroupLog
  readonly pair: PairPorts
  readonly desk: PairingDesk
  readonly keeper: GroupKeeper
  /** How exchanges of group logs ended here, oldest first. */
  readonly exchanges: ServedExchange[]
  /** What this device could not do for reasons of its own. */
  readonly failures: string[]
}

/** An invitation on somebody's screen. */
export interface Invitation {
  readonly code: PairingCode
  readonly expiresMs: number
  readonly result: Promise<PairResult>
  /** What came of joiners that did not pair. */
  readonly attempts: PairResult[]
  cancel(): void
}

export interface JoinChoices {
  readonly choose?: (inviters: readonly Inviter[]) => DeviceId | undefined
  readonly address?: string
  readonly guestRole?: GuestRole
  readonly signal?: AbortSignal
  readonly onHint?: () => void
}

const FOREVER = new AbortController().signal

export class GroupBench {
  readonly world: World

  constructor(seed: number | string) {
    this.world = createWorld(seed)
  }

  /** Runs the world until a promise settles. */
  wait<T>(promise: Promise<T>, withinMs = 600_000): Promise<T> {
    return this.world.scheduler.complete(promise, { withinMs })
  }

  async until(holds: () => boolean, what: string, withinMs = 60_000): Promise<void> {
    assert.ok(await this.world.runUntil(holds, { withinMs }), `waited ${withinMs} ms for ${what}`)
  }

  /** Starts a device, which founds a group of one unless it has a log. */
  async start(name: string, folders: readonly FolderRecord[] = []): Promise<Peer> {
    const device = this.world.device(name)
    const started = Promise.withResolvers<Peer>()
    device.start((ports) => {
      openPeer(name, device, ports, folders).then(started.resolve, started.reject)
    })
    return this.wait(started.promise)
  }

  /** Shows a code; resolves when it is on the screen. */
  async invite(peer: Peer, guestRole: GuestRole = 'admin'): Promise<Invitation> {
    const shown = Promise.withResolvers<{ code: PairingCode; expiresMs: number }>()
    const cancelling = new AbortController()
    const attempts: PairResult[] = []
    const result = peer.desk.invite({
      guestRole,
      signal: cancelling.signal,
      onCode: (code, expiresMs) => shown.resolve({ code, expiresMs }),
      onAttempt: (attempt) => void attempts.push(attempt),
      onTalking: () => undefined,
    })
    result.then((end) => shown.reject(new Error(`no code was shown: ${end.kind}`)), shown.reject)
    return {
      ...(await this.wait(shown.promise)),
      result,
      attempts,
      cancel: () => cancelling.abort(new Error('Ctrl-C')),
    }
  }

  join(peer: Peer, code: PairingCode, choices: JoinChoices = {}): Promise<PairResult> {
    return this.wait(startJoin(peer, code, choices))
  }

  /** Pairs two devices; the group rule decides whose group stays. */
  async pair(inviter: Peer, joiner: Peer, guestRole: GuestRole = 'admin'): Promise<void> {
    const invitation = await this.invite(inviter, guestRole)
    const joined = await this.join(joiner, invitation.code)
    assert.equal(joined.kind, 'paired')
    assert.equal((await this.wait(invitation.result)).kind, 'paired')
  }

  /** Until all of them have the same log. */
  async untilInStep(...peers: readonly Peer[]): Promise<void> {
    const heads = (): Set<string> => new Set(peers.map(({ log }) => log.groupId + log.state.heads.join()))
    await this.until(() => heads().size === 1, 'equal group logs')
  }
}

export function startJoin(peer: Peer, code: PairingCode, choices: JoinChoices = {}): Promise<PairResult> {
  return joinPairing(peer.pair, {
    code,
    guestRole: choices.guestRole ?? 'admin',
    signal: choices.signal ?? FOREVER,
    onHint: choices.onHint ?? (() => undefined),
    onTalking: () => undefined,
    choose: async (inviters) => choices.choose?.(inviters),
    ...(choices.address === undefined ? {} : { address: choices.address }),
  })
}

async function openPeer(
  name: string,
  device: SimDevice,
  ports: SimPorts,
  folders: readonly FolderRecord[],
): Promise<Peer> {
  const { state: files, clock, crypto, signer, transport, random } = ports
  const exchangeKey = exchangeKeyOf(seedOf(name))
  const log = await openGroupLog(
    { files, clock, crypto, signer },
    { groupName: `${name}'s devices`, deviceName: name, exchangeKey, random, createRecovery: fakeRecovery, folders },
  )
  const pair: PairPorts = { transport, clock, random, log, platform: 'linux', exchangeKey }
  const exchanges: ServedExchange[] = []
  const failures: string[] = []
  const keeper = new GroupKeeper(
    { transport, clock, log },
    {
      random,
      onExchange: (exchange) => void exchanges.push(exchange),
      onFailure: (remote, cause) => void failures.push(`${remote}: ${String(cause)}`),
    },
  )
  keeper.run({ signal: FOREVER }).catch((cause: unknown) => exchanges.push(failedExchange(log.self, cause)))
  return { name, device, ports, log, pair, desk: new PairingDesk(pair), keeper, exchanges, failures }
}

function failedExchange(device: DeviceId, cause: unknown): ServedExchange {
  return { device, wasMember: false, result: { kind: 'broken', detail: String(cause) } }
}

/** The real words take 50 ms to stretch; these are their entropy in hex. */
export function fakeRecovery(entropy: Uint8Array): Recovery {
  const { device, publicKey } = createSigner(Uint8Array.of(...entropy, ...entropy))
  return { words: hex.encode(entropy), device, exchangeKey: publicKey }
}

/** The key of the words that were made when a device founded its group. */
export async function wordsOf(bench: GroupBench, founder: Peer): Promise<Signer> {
  const words = await bench.wait(readRecoveryWords(founder.ports.state, founder.log.groupId))
  assert.ok(words)
  return createSigner(hex.decode(words + words))
}

function seedOf(name: string): Uint8Array {
  const seed = new Uint8Array(32)
  seed.set(new TextEncoder().encode(name.slice(0, 32)))
  return seed
}

/** A folder to offer, its id made of one repeated byte. */
export function folderRecord(name: string, idByte: number): FolderRecord {
  return { folder: folderIdOf(new Uint8Array(16).fill(idByte)), name, defaultMode: 'send-receive', options: [] }
}

export function namesOf(log: GroupLog): string[] {
  return [...log.state.members.values()].map(({ name }) => name)
}
