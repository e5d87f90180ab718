/** An engine that has no disk and no network: enough to see what the HTTP API makes of one. */

import type { Device } from '../../protocol/api/devices.ts'
import type { Limit, Limits } from '../../protocol/api/limits.ts'
import type { Pairing } from '../../protocol/api/pairing.ts'
import type { Recovery } from '../../protocol/api/recovery.ts'
import { deviceIdOf, parseGroupId } from '../../protocol/ids.ts'
import type { EventLog } from '../../daemon/http/event-log.ts'
import { createEventLog } from '../../daemon/http/event-log.ts'
import type {
  DaemonService,
  DeviceService,
  HoltService,
  LimitService,
  PairingService,
  RecoveryService,
} from '../../daemon/http/service.ts'
import { ServiceError } from '../../daemon/http/service.ts'
import { createFakeFolders, verifiedOf } from './fake-folders.ts'
import { createFakeVersions } from './fake-versions.ts'
import { createFakePairs } from './fake-pairs.ts'

export const SELF = deviceIdOf(new Uint8Array(32).fill(1))
export const OTHER = deviceIdOf(new Uint8Array(32).fill(2))
/** A phone that was removed as lost. */
export const GONE = deviceIdOf(new Uint8Array(32).fill(3))
export const START_MS = 1_790_000_000_000
const GROUP = { id: parseGroupId('ab'.repeat(32)), name: 'Ada' }

const FREE: Limit = { rules: ['none'], now: null }
export const NO_LIMITS: Limits = { all: { send: FREE, receive: FREE }, devices: [] }

export interface FakeService extends HoltService {
  readonly events: EventLog
  /** Whether a client asked to stop. */
  isStopped(): boolean
  /** Changes the pairing run as a device on the network would. */
  setPairing(over: Partial<Pairing>): void
}

export function createFakeService(): FakeService {
  const events = createEventLog({ clock: { wallMs: () => START_MS }, keptMax: 8 })
  const devices = createFakeDevices()
  const pairings = createFakePairings()
  const folders = createFakeFolders()
  let isStopped = false
  return {
    ...createFakeDaemon(),
    ...devices,
    ...createFakeLimits(),
    ...createFakeRecovery(),
    ...folders,
    verification: async (ref) => ({ folders: [verifiedOf(ref)] }),
    startVerify: async ({ folder }) => ({ folders: [verifiedOf(folder)] }),
    ...createFakeVersions(),
    ...pairings,
    ...createFakePairs(),
    events,
    status: async () => ({
      ...(await devices.devices()),
      ...(await folders.folders()),
      transfers: [],
      attention: [{ kind: 'conflict', detail: 'A copy waits.', command: 'holt conflicts', folder: null }],
      limits: NO_LIMITS,
      pairing: null,
    }),
    shutDown: async () => {
      isStopped = true
    },
    isStopped: () => isStopped,
  }
}

/** Keeps what it is told, for all devices together; knows no clock. */
function createFakeLimits(): LimitService {
  let limits: Limits = NO_LIMITS
  const limitOf = (rules: string[] | null | undefined, before: Limit): Limit =>
    rules === undefined ? before : { rules: rules ?? ['none'], now: rules === null ? null : 2_000_000 }
  return {
    limits: async () => limits,
    changeLimits: async ({ device, send, receive }) => {
      if (device === 'nobody') throw new ServiceError('device-not-found', 'There is no device nobody.')
      const { all } = limits
      const changed = { send: limitOf(send, all.send), receive: limitOf(receive, all.receive) }
      limits =
        device === undefined
          ? { ...limits, all: changed }
          : { ...limits, devices: [{ device: OTHER, name: 'ada desktop/über', ...changed }] }
      return limits
    },
  }
}

function createFakeDaemon(): Omit<DaemonService, 'status' | 'shutDown'> {
  const record = (no: number) => ({ atMs: START_MS + no, name: 'folder.scanned', fields: { files: no } })
  return {
    daemon: async () => ({
      version: '0.1.0',
      device: SELF,
      name: 'ada-laptop',
      platform: 'linux',
      pid: 4711,
      home: '/home/ada/.holt',
      startedMs: START_MS,
      state: 'running',
      addresses: ['/ip4/192.168.0.2/tcp/14658'],
    }),
    config: async () => ({
      file: '/home/ada/.holt/config.toml',
      settings: [{ key: 'listen', value: 14_658, source: 'default', description: 'Port for devices' }],
    }),
    doctor: async (device) => {
      if (device === 'nobody') throw new ServiceError('device-not-found', 'There is no device nobody.')
      const found = { outcome: 'failed', detail: 'Port 14658 is closed.', fix: 'Open it.' } as const
      return { checks: [{ id: 'port.in', title: 'Port', ...found }] }
    },
    logs: async (limit) => ({
      directory: '/home/ada/.holt/log',
      records: [record(1), record(2), record(3)].slice(-limit),
    }),
    followLogs: async function* (_limit, { signal }) {
      yield record(3)
      await aborted(signal)
    },
    supportBundle: async function* () {
      yield { name: 'doctor.json', text: '{}\n' }
      yield { name: 'holt.log', text: 'line one\nline two\n' }
    },
  }
}

function createFakeDevices(): DeviceService {
  const device = (over: Partial<Device>): Device => ({
    id: SELF,
    name: 'ada-laptop',
    platform: 'linux',
    role: 'admin',
    isSelf: true,
    isOnline: true,
    lastSeenMs: null,
    address: null,
    folders: [],
    trouble: null,
    warnings: [],
    limits: null,
    ...over,
  })
  let devices = [device({}), device({ id: OTHER, name: 'ada desktop/über', isSelf: false })]
  const find = (ref: string): Device => {
    const found = devices.find((each) => each.id === ref || each.name === ref)
    if (found === undefined) throw new ServiceError('device-not-found', `There is no device ${ref}.`)
    return found
  }
  return {
    devices: async () => ({
      group: GROUP,
      devices,
      removed: [{ id: GONE, name: 'ada-phone', atMs: START_MS, how: 'device', byName: 'ada-laptop', isLost: true }],
    }),
    device: async (ref) => find(ref),
    renameDevice: async (ref, name) => {
      const found = find(ref)
      if (!found.isSelf) throw new ServiceError('is-other-device', `${found.name} names itself.`)
      devices = devices.map((each) => (each === found ? { ...each, name } : each))
      return find(found.id)
    },
    removeDevice: async (ref, { lost }) => {
      const found = find(ref)
      const nextStep = 'Ask ada-phone.'
      if (lost) throw new ServiceError('senior-device', `${found.name} was here before.`, { nextStep })
      devices = devices.filter((each) => each !== found)
      return found
    },
    setDeviceRole: async (ref, role) => ({ ...find(ref), role }),
    leave: async () => ({ group: GROUP, kept: [{ name: 'Photos', root: '/home/ada/Photos' }] }),
  }
}

/** Twelve words that belong together. */
export const WORDS = 'legal winner thank year wave sausage worth useful legal winner thank yellow'

function createFakeRecovery(): RecoveryService {
  let now: Recovery = { kind: 'kept', shownMs: null, forgottenMs: null, founder: 'ada-laptop' }
  const facts = { group: GROUP, lastMs: START_MS, devices: [{ id: OTHER, name: 'ada-phone', role: 'admin' }] } as const
  const check = (words: string): void => {
    if (words !== WORDS) throw new ServiceError('wrong-words', 'These are the words of another group.')
  }
  return {
    recovery: async () => now,
    showRecovery: async () => {
      if (now.kind !== 'kept') throw new ServiceError('words-forgotten', 'They were shown, and cannot be shown again.')
      now = { ...now, shownMs: START_MS }
      return { words: WORDS }
    },
    forgetRecovery: async () => {
      if (now.shownMs === null) throw new ServiceError('words-unseen', 'Nobody has seen them.')
      now = { ...now, kind: 'forgotten', forgottenMs: START_MS }
      return now
    },
    useRecovery: async ({ words, confirm }) => {
      check(words)
      return {
        kind: confirm ? 'restored' : 'shown',
        ...facts,
        devices: [...facts.devices],
        removed: [],
        folders: ['Photos'],
      }
    },
    removeDeviceWithWords: async (ref, { words, sinceMs }) => {
      check(words)
      return { name: ref, sinceMs }
    },
  }
}

function createFakePairings(): PairingService & Pick<FakeService, 'setPairing'> {
  let run: Pairing | undefined
  let change = Promise.withResolvers<undefined>()
  const find = (id: string): Pairing => {
    if (run?.id !== id) throw new ServiceError('pairing-not-found', `There is no pairing ${id}.`)
    return run
  }
  const set = (next: Pairing): Pairing => {
    run = next
    change.resolve(undefined)
    change = Promise.withResolvers<undefined>()
    return run
  }
  const begin = { id: 'p1', nameplate: 7, expiresMs: START_MS + 600_000, hint: null }
  return {
    startPairing: async () =>
      set({ ...begin, role: 'inviter', code: '7-soldier-wet-jelly', attemptsLeft: 3, state: { kind: 'waiting' } }),
    joinPairing: async ({ code }) => {
      if (!/^\d/.test(code)) throw new ServiceError('bad-code', `${code} does not begin with a number.`)
      return set({ ...begin, role: 'joiner', code: null, attemptsLeft: null, state: { kind: 'searching' } })
    },
    pairing: async (id) => find(id),
    followPairing: async function* (id, { signal }) {
      while (!signal.aborted) {
        const changed = change.promise
        yield find(id)
        if (find(id).state.kind === 'cancelled') return
        await Promise.race([changed, aborted(signal)])
      }
    },
    chooseInviter: async (id, device) => set({ ...find(id), state: { kind: 'talking', device } }),
    cancelPairing: async (id) => set({ ...find(id), state: { kind: 'cancelled' } }),
    setPairing: (over) => void set({ ...find('p1'), ...over }),
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  if (signal.aborted) resolve(undefined)
  signal.addEventListener('abort', () => {
    resolve(undefined)
  })
  return promise
}
