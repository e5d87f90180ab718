/** The last part of a pairing: both sides have proved themselves, and the side whose group stays takes the other in. */

import type { Signed } from '../../protocol/crypto.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { FolderRecord } from '../../protocol/group.ts'
import { opBatches, signedBytes } from '../../protocol/group-messages.ts'
import { GROUP_OPS_MAX, PAIR_WELCOME_BYTES_MAX } from '../../protocol/limits.ts'
import type { PairIntroduction } from '../../protocol/pairing-messages.ts'
import { mayAddDevice, roleToGive } from '../core/group-rights.ts'
import type { GroupLog } from './group-log.ts'
import type { GroupSummary, GuestRole, PairPorts, PairResult, Paired } from './pair.ts'
import { resultOf } from './pair.ts'
import type { PairChannel } from './pair-channel.ts'

/** The ops of one welcome frame; the rest is framing. */
const WELCOME_BATCH_BYTES = PAIR_WELCOME_BYTES_MAX / 2
/** All ops of a welcome: a full log of operations of usual size. */
const WELCOME_BYTES_MAX = GROUP_OPS_MAX * 1024

/** Why our group cannot take the other device in, once it has been told; undefined when it can. */
export async function refuseGuest(channel: PairChannel, { log }: PairPorts): Promise<PairResult | undefined> {
  switch (mayAddDevice(log.state, log.self, channel.remote)) {
    case 'allowed':
    case 'is-member':
      return undefined
    case 'was-removed':
      await channel.refuse('removed')
      return { kind: 'was-removed', device: channel.remote }
    case 'full':
      await channel.refuse('full')
      return { kind: 'full' }
    case 'not-allowed':
      await channel.refuse('other')
      return { kind: 'not-a-member' }
  }
}

/** Our group stays: sends its log, and takes the guest in once that has it. */
export async function welcomeGuest(
  channel: PairChannel,
  ports: PairPorts,
  guest: PairIntroduction,
  { sessionId, guestRole }: { readonly sessionId: Uint8Array; readonly guestRole: GuestRole },
): Promise<PairResult> {
  const { log } = ports
  const role = roleToGive(log.state, log.self, guestRole)
  const record = { device: channel.remote, exchangeKey: guest.exchangeKey, name: guest.name, role }
  const isKnown = mayAddDevice(log.state, log.self, channel.remote) === 'is-member'
  const additions = isKnown ? [] : [log.signAddition(record, sessionId).signed]
  const batches = opBatches([...log.ops.map(({ signed }) => signed), ...additions], WELCOME_BATCH_BYTES)
  for (const [i, ops] of batches.entries()) {
    const stop = await channel.send({ kind: 'welcome', ops, isLast: i === batches.length - 1 })
    if (stop !== undefined) return resultOf(stop, log.self)
  }
  const done = await channel.receive('done')
  // Without its word we do not know whether the guest joined. If it did, it shows us the operation at the next exchange.
  if (done.stop !== undefined) return resultOf(done.stop, log.self)
  await log.merge(additions)
  return pairedWith(channel, log, guest, null)
}

/** The host's group stays: takes its log in place of ours. */
export async function joinHost(channel: PairChannel, ports: PairPorts, host: PairIntroduction): Promise<PairResult> {
  const ops: Signed[] = []
  let bytes = 0
  for (let isLast = false; !isLast;) {
    const welcome = await channel.receive('welcome')
    if (welcome.stop !== undefined) return resultOf(welcome.stop, ports.log.self)
    isLast = welcome.message.isLast
    ops.push(...welcome.message.ops)
    bytes += welcome.message.ops.reduce((sum, op) => sum + signedBytes(op), 0)
    if (ops.length > GROUP_OPS_MAX || bytes > WELCOME_BYTES_MAX)
      return { kind: 'broken', detail: 'a welcome is too large' }
  }
  return adoptGroup(channel, ports, host, ops)
}

async function adoptGroup(
  channel: PairChannel,
  { log }: PairPorts,
  host: PairIntroduction,
  ops: readonly Signed[],
): Promise<PairResult> {
  try {
    const adoption = await log.adopt(host.groupId, ops)
    switch (adoption.kind) {
      case 'adopted':
        // Whether the host still hears it or not: we are in, and can show it to any member.
        await channel.send({ kind: 'done' })
        return pairedWith(channel, log, host, adoption.folders)
      case 'update-needed':
        await channel.refuse('update')
        return { kind: 'update-needed' }
      case 'not-alone':
        await channel.refuse('both-in-groups')
        return bothInGroups(channel, log, host)
      case 'not-a-member':
        return { kind: 'broken', detail: 'the welcome does not make this device a member' }
    }
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    if (cause.code !== 'unknown-version') return { kind: 'broken', detail: cause.message }
    await channel.refuse('update')
    return { kind: 'update-needed' }
  }
}

function pairedWith(
  channel: PairChannel,
  log: GroupLog,
  { name, platform }: PairIntroduction,
  broughtFolders: readonly FolderRecord[] | null,
): Paired {
  const { groupId, name: groupName, members } = log.state
  const guest = broughtFolders === null ? channel.remote : log.self
  const guestRole = members.get(guest)?.role === 'member' ? 'member' : 'admin'
  return { kind: 'paired', device: channel.remote, name, platform, groupId, groupName, guestRole, broughtFolders }
}

export function bothInGroups(channel: PairChannel, log: GroupLog, other: PairIntroduction): PairResult {
  const { name, groupName, otherMembers } = other
  return {
    kind: 'both-in-groups',
    ours: summarize(log),
    theirs: { device: channel.remote, name, groupName, otherMembers },
  }
}

function summarize(log: GroupLog): GroupSummary {
  const others = [...log.state.members.values()].filter(({ device }) => device !== log.self)
  return { groupName: log.state.name, others: others.map(({ name }) => name) }
}
