/** Pairing runs: the newest is known by its id, and can be followed from anywhere. */

import { hex } from '@scure/base'
import type { Pairing, PairingState } from '../../protocol/api/pairing.ts'
import type { ProblemCode } from '../../protocol/api/problem-codes.ts'
import { PROBLEMS } from '../../protocol/api/problem-codes.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { GROUP_DEVICES_MAX, PAIR_FAILURES_PER_CODE, PAIR_RUN_MS } from '../../protocol/limits.ts'
import { formatCode, parseCode } from '../../protocol/pairing.ts'
import type { PairingService } from '../http/service.ts'
import { ServiceError } from '../http/service.ts'
import type { Inviter } from '../ports.ts'
import { createLatch } from '../sync/latch.ts'
import type { GuestRole, PairResult } from '../sync/pair.ts'
import { joinPairing } from '../sync/pair-join.ts'
import type { ServiceParts } from './parts.ts'
import { knownFolders, nameOf } from './refs.ts'

const FINAL: readonly PairingState['kind'][] = ['paired', 'expired', 'cancelled', 'failed']

interface Run {
  pairing: Pairing
  readonly stop: AbortController
  readonly followers: Set<ReturnType<typeof createLatch>>
  choose: ((device: DeviceId) => void) | undefined
}

export interface Pairings extends PairingService {
  /** The run that is under way. */
  current(): Pairing | null
}

export function createPairings(parts: ServiceParts): Pairings {
  let newest: Run | undefined
  const isOver = (run: Run): boolean => FINAL.includes(run.pairing.state.kind)
  const get = (id: string): Run => {
    if (newest?.pairing.id !== id)
      throw new ServiceError('pairing-not-found', 'This pairing is over, and another has begun.')
    return newest
  }
  const update = (run: Run, change: Partial<Pairing>): void => {
    run.pairing = { ...run.pairing, ...change }
    for (const latch of run.followers) latch.raise()
    const { code: _code, ...open } = run.pairing
    parts.events.publish({ kind: 'pairing.changed', pairing: open })
  }
  const begin = (role: Pairing['role'], nameplate: number): Run => {
    if (newest !== undefined && !isOver(newest))
      throw new ServiceError('pairing-busy', 'A pairing is under way already.')
    const run = newRun(parts, role, nameplate)
    newest = run
    return run
  }
  const finish = (run: Run, work: Promise<PairResult>): void => {
    work.then(
      (result) => update(run, { code: null, hint: null, state: stateOf(parts, result) }),
      (cause: unknown) => update(run, { code: null, state: failed('internal', String(cause)) }),
    )
  }
  return {
    current: () => (newest === undefined || isOver(newest) ? null : newest.pairing),
    startPairing: ({ guestRole }) => startInviting(parts, guestRole, begin('inviter', 0), update, finish),
    joinPairing: (request) => {
      const parsed = parseCode(request.code)
      if (parsed.kind === 'not-a-code') throw new ServiceError('bad-code', parsed.message)
      const run = begin('joiner', parsed.code.nameplate)
      const work = joinPairing(parts.pairPorts, {
        code: parsed.code,
        guestRole: request.guestRole,
        ...(request.address === undefined ? {} : { address: request.address }),
        signal: run.stop.signal,
        onHint: () => update(run, { hint: HINT }),
        onTalking: (device) => update(run, { state: { kind: 'talking', device } }),
        choose: (inviters) => chooseFrom(run, inviters, update),
      })
      finish(run, work)
      return Promise.resolve(run.pairing)
    },
    pairing: (id) => Promise.resolve(get(id).pairing),
    followPairing: (id, o) => follow(get(id), isOver, o.signal),
    chooseInviter: (id, device) => {
      const run = get(id)
      const { state } = run.pairing
      if (state.kind !== 'choosing' || run.choose === undefined)
        throw new ServiceError('nothing-to-choose', 'This pairing waits for no choice.')
      if (!state.inviters.some((inviter) => inviter.device === device))
        throw new ServiceError('no-inviter', `${device} does not show the code.`)
      run.choose(device)
      return Promise.resolve(run.pairing)
    },
    cancelPairing: (id) => {
      const run = get(id)
      run.stop.abort(new Error('cancelled'))
      if (!isOver(run)) update(run, { code: null, state: { kind: 'cancelled' } })
      return Promise.resolve(run.pairing)
    },
  }
}

/** @throws ServiceError `too-many-devices` */
function newRun(parts: ServiceParts, role: Pairing['role'], nameplate: number): Run {
  if (parts.groupLog.state.members.size >= GROUP_DEVICES_MAX) {
    throw new ServiceError('too-many-devices', `A group has at most ${GROUP_DEVICES_MAX} devices.`)
  }
  const isInviter = role === 'inviter'
  const pairing: Pairing = {
    id: hex.encode(parts.deps.random.bytes(8)),
    role,
    code: null,
    nameplate,
    expiresMs: parts.deps.clock.wallMs() + PAIR_RUN_MS,
    attemptsLeft: isInviter ? PAIR_FAILURES_PER_CODE : null,
    hint: null,
    state: { kind: isInviter ? 'waiting' : 'searching' },
  }
  return { pairing, stop: new AbortController(), followers: new Set(), choose: undefined }
}

const HINT =
  'No device shows this code yet. Is `holt pair` still waiting over there, and are both devices on the same network? Where multicast is blocked, use --address.'

/** Resolves once the code is there. */
async function startInviting(
  parts: ServiceParts,
  guestRole: GuestRole,
  run: Run,
  update: (run: Run, change: Partial<Pairing>) => void,
  finish: (run: Run, work: Promise<PairResult>) => void,
): Promise<Pairing> {
  parts.desk.reopen()
  await new Promise<void>((resolve) => {
    const work = parts.desk.invite({
      guestRole,
      signal: run.stop.signal,
      onCode: (code, expiresMs) => {
        update(run, { code: formatCode(code), nameplate: code.nameplate, expiresMs })
        resolve()
      },
      onAttempt: (_result, attemptsLeft) => update(run, { attemptsLeft, state: { kind: 'waiting' } }),
      onTalking: (device) => update(run, { state: { kind: 'talking', device } }),
    })
    finish(run, work)
    work.then(
      () => resolve(),
      () => resolve(),
    )
  })
  return run.pairing
}

function chooseFrom(
  run: Run,
  inviters: readonly Inviter[],
  update: (run: Run, change: Partial<Pairing>) => void,
): Promise<DeviceId | undefined> {
  const shown = inviters.map(({ device, addresses }) => ({ device, addresses: [...addresses] }))
  return new Promise((resolve) => {
    run.choose = (device) => {
      run.choose = undefined
      resolve(device)
    }
    run.stop.signal.addEventListener('abort', () => resolve(undefined), { once: true })
    update(run, { state: { kind: 'choosing', inviters: shown } })
  })
}

async function* follow(run: Run, isOver: (run: Run) => boolean, signal: AbortSignal): AsyncIterable<Pairing> {
  const latch = createLatch()
  run.followers.add(latch)
  try {
    for (;;) {
      const shown = run.pairing
      yield shown
      if (isOver(run) && shown === run.pairing) return
      if (shown !== run.pairing) continue
      await latch.wait({ signal }).catch(() => undefined)
      if (signal.aborted) return
    }
  } finally {
    run.followers.delete(latch)
  }
}

// ---- How it ended, in words.

function stateOf(parts: ServiceParts, result: PairResult): PairingState {
  switch (result.kind) {
    case 'paired': {
      const { device, name, platform, groupId, guestRole, broughtFolders } = result
      const offered = knownFolders(parts)
        .filter(({ held }) => held === undefined)
        .map((known) => known.name)
      return {
        kind: 'paired',
        with: {
          ...{ device, name, platform, group: groupId, devices: parts.groupLog.state.members.size, offered },
          guest: { isSelf: broughtFolders !== null, role: guestRole },
        },
      }
    }
    case 'expired':
    case 'cancelled':
      return { kind: result.kind }
    default:
      return failed(...failureOf(parts, result))
  }
}

type Failure = Exclude<PairResult, { kind: 'paired' | 'expired' | 'cancelled' }>

function failureOf(parts: ServiceParts, result: Failure): [ProblemCode, string] {
  switch (result.kind) {
    case 'wrong-code':
      return ['wrong-code', 'The other device shows another code, or somebody stands in between.']
    case 'both-in-groups': {
      const { ours, theirs } = result
      return [
        'both-in-groups',
        `This device is in group ${ours.groupName} with ${ours.others.join(', ')}. ${theirs.name} is in group ${theirs.groupName}.`,
      ]
    }
    case 'same-group':
      return ['already-paired', `${result.name} is in this group already.`]
    case 'was-removed':
      return [
        'not-allowed',
        `${nameIn(parts, result.device)} was removed from the group once; \`holt leave\` there gives it a new identity.`,
      ]
    case 'broken':
      return ['peer-broke-off', result.detail]
    default:
      return [PLAIN[result.kind].code, PLAIN[result.kind].detail]
  }
}

function nameIn(parts: ServiceParts, device: DeviceId): string {
  return device === parts.transport.self ? 'This device' : nameOf(parts, device)
}

type PlainKind = Exclude<Failure['kind'], 'wrong-code' | 'both-in-groups' | 'same-group' | 'was-removed' | 'broken'>
const PLAIN: { readonly [K in PlainKind]: { readonly code: ProblemCode; readonly detail: string } } = {
  busy: { code: 'pairing-busy', detail: 'Another pairing is under way.' },
  closed: { code: 'pairing-closed', detail: 'The other device shows no code any more.' },
  timeout: { code: 'peer-unreachable', detail: 'The other device did not answer in time.' },
  'not-found': { code: 'no-inviter', detail: 'No device shows this code.' },
  full: { code: 'too-many-devices', detail: `A group has at most ${GROUP_DEVICES_MAX} devices.` },
  'update-needed': { code: 'update-needed', detail: 'The group was changed by a newer Holt.' },
  'not-a-member': { code: 'not-allowed', detail: 'This device was removed from its group. Run `holt leave` first.' },
  lost: { code: 'peer-broke-off', detail: 'The connection ended in the middle.' },
}

function failed(code: ProblemCode, detail: string): PairingState {
  const { title, nextStep } = PROBLEMS[code]
  return { kind: 'failed', problem: { code, title, detail, nextStep } }
}
