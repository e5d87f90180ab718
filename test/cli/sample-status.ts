/** A busy day: every kind of thing that the status screen may have to show. */

import { parseGroupId } from '../../protocol/ids.ts'
import type { Status } from '../../protocol/api/daemon.ts'
import type { Device } from '../../protocol/api/devices.ts'
import type { Folder } from '../../protocol/api/folders.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import { OTHER, SELF, START_MS } from '../http/fake-service.ts'
import { buildFolder } from '../http/fake-folders.ts'

const HOUR_MS = 3_600_000
export const NOW_MS = START_MS + 3 * HOUR_MS
export const GROUP = { id: parseGroupId('ab'.repeat(32)), name: 'Ada' }
const idOf = (digit: string) => parseFolderId(digit.repeat(32))

const COMMON: Omit<Device, 'id' | 'name' | 'isSelf' | 'isOnline'> = {
  ...{
    platform: 'linux',
    role: 'admin',
    lastSeenMs: null,
    address: null,
    folders: [],
    trouble: null,
    warnings: [],
    limits: null,
  },
}
export const LAPTOP: Device = { ...COMMON, id: SELF, name: 'ada-laptop', isSelf: true, isOnline: true }
export const DESKTOP: Device = {
  ...COMMON,
  id: OTHER,
  name: 'ada-desktop',
  isSelf: false,
  isOnline: true,
  address: '/ip4/192.168.0.7/tcp/14658/tls',
}

const amount = (files: number, bytes: number) => ({ files, bytes })
const held: Pick<Folder, 'mode' | 'peers'> = {
  mode: 'send-receive',
  peers: [{ device: OTHER, isOnline: true, isInSync: true, missing: null }],
}

export const FOLDERS: readonly Folder[] = [
  buildFolder({
    ...held,
    id: idOf('1'),
    name: 'Photos',
    root: '/home/ada/Photos',
    state: { kind: 'in-sync' },
    held: amount(1204, 3_400_000_000),
  }),
  buildFolder({
    ...held,
    id: idOf('2'),
    name: 'Music',
    root: '/srv/music',
    held: amount(328, 1_200_000_000),
    state: { kind: 'syncing', missing: amount(12, 220_000_000) },
    down: {
      filesDone: 10,
      filesTotal: 22,
      bytesDone: 180_000_000,
      bytesTotal: 400_000_000,
      rate: 12_300_000,
      etaMs: 18_000,
    },
  }),
  buildFolder({
    ...held,
    id: idOf('3'),
    name: 'Work',
    root: '/home/ada/Work',
    held: amount(200, 40_000),
    conflicts: 1,
    state: {
      kind: 'halted',
      halt: {
        reason: 'mass-delete',
        detail: 'ada-desktop deletes 180 of 200 entries.',
        commands: ['holt approve Work', 'holt reject Work'],
        deletes: { count: 180, of: 200, device: OTHER },
        sinceMs: START_MS,
      },
    },
  }),
  buildFolder({ id: idOf('4'), name: 'My Videos', total: amount(3, 9_000_000_000) }),
]

export const STATUS: Status = {
  daemon: {
    version: '0.1.0',
    device: SELF,
    name: 'ada-laptop',
    platform: 'linux',
    pid: 4711,
    home: '/home/ada/.local/share/holt',
    startedMs: START_MS,
    state: 'running',
    addresses: ['/ip4/192.168.0.2/tcp/14658/tls', '/ip4/192.168.0.2/tcp/14658', '/ip6/fd00::2/tcp/14658'],
    apiAddress: '127.0.0.1:14659',
  },
  group: GROUP,
  devices: [
    LAPTOP,
    DESKTOP,
    { ...DESKTOP, name: 'ada-phone', isOnline: false, address: null, lastSeenMs: START_MS - 48 * HOUR_MS },
  ],
  folders: [...FOLDERS],
  transfers: [
    {
      folder: idOf('2'),
      path: 'Albums/Blue/01.flac',
      direction: 'down',
      device: OTHER,
      bytesDone: 9_000_000,
      bytesTotal: 20_000_000,
      rate: 12_300_000,
      etaMs: 900,
    },
  ],
  attention: [
    { kind: 'halt', detail: 'Work has halted.', command: 'holt approve Work', folder: idOf('3') },
    { kind: 'conflict', detail: '1 conflict copy waits in Work.', command: 'holt conflicts Work', folder: idOf('3') },
  ],
  limits: {
    all: { send: { rules: ['2M', '08:00-18:00 mon-fri 500K'], now: 500_000 }, receive: { rules: ['none'], now: null } },
    devices: [],
  },
  pairing: null,
  eventId: 'abc-1',
}
