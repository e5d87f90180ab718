/** Every option: its name, what it means, its default. The config file, `docs/CONFIG.md` and the parser are made from this. */

import { API_PORT_DEFAULT, LISTEN_PORT_DEFAULT } from '../protocol/api/constants.ts'
import type { RateLimit } from '../protocol/rate-limit.ts'
import { UNLIMITED } from '../protocol/rate-limit.ts'
import {
  apiAddress,
  deviceName,
  listenAddress,
  onOff,
  oneOf,
  rateLimit,
  staticAddresses,
  wholeNumber,
} from './config-values.ts'
import type { ApiAddress, ListenAddress, LogLevel, StaticAddress, ValueType } from './config-values.ts'

export interface Option<T> {
  /** In the file. The environment variable is `HOLT_` and this in capitals, with `_`. */
  readonly key: string
  /** For people, in whole sentences; one line of the file each. */
  readonly doc: readonly string[]
  readonly type: ValueType<T>
  /** Null: something that only this machine can tell, and that `doc` describes. */
  readonly default: T
}

export interface OptionValues {
  readonly deviceName: string | null
  readonly listen: ListenAddress
  readonly apiListen: ApiAddress
  readonly discovery: boolean
  readonly staticAddresses: readonly StaticAddress[]
  readonly rescanMinutes: number
  readonly versionsDays: number
  readonly versionsPercent: number
  readonly scrubDays: number
  readonly scrubMegabytes: number
  readonly sendLimit: RateLimit
  readonly receiveLimit: RateLimit
  readonly logLevel: LogLevel
  readonly logMegabytes: number
  readonly logFiles: number
}

export const OPTIONS: { readonly [K in keyof OptionValues]: Option<OptionValues[K]> } = {
  deviceName: {
    key: 'device-name',
    doc: ["What your other devices call this one, from its first start on. Default: the machine's name."],
    type: deviceName,
    default: null,
  },
  listen: {
    key: 'listen',
    doc: [
      'Where other devices reach this one. Port 0 takes any free port.',
      'When the default port is in use, the next free one is taken and shown by `holt status`;',
      'a port that is set here or by HOLT_LISTEN is taken or refused, never replaced.',
    ],
    type: listenAddress('0.0.0.0'),
    default: { host: '0.0.0.0', port: LISTEN_PORT_DEFAULT },
  },
  apiListen: {
    key: 'api-listen',
    doc: [
      'Where tools on this machine reach the HTTP API. "off" leaves only the unix socket, which the holt command uses.',
      'When the default port is in use, the next free one is taken.',
    ],
    type: apiAddress,
    default: { kind: 'tcp', host: '127.0.0.1', port: API_PORT_DEFAULT },
  },
  discovery: {
    key: 'discovery',
    doc: ['Find devices on the local network by multicast, and let them find this one.'],
    type: onOff,
    default: true,
  },
  staticAddresses: {
    key: 'static-addresses',
    doc: [
      `Where else to look for the devices of the group: for networks without multicast. Without a port: ${LISTEN_PORT_DEFAULT}.`,
    ],
    type: staticAddresses,
    default: [],
  },
  rescanMinutes: {
    key: 'rescan-minutes',
    doc: ['How often a folder is looked through in whole, for changes that the operating system did not report.'],
    type: wholeNumber(1, 10_080, 'minutes'),
    default: 60,
  },
  versionsDays: {
    key: 'versions-days',
    doc: ['How long what a sync replaced or deleted is kept in .holt/versions of its folder.'],
    type: wholeNumber(1, 3650, 'days'),
    default: 30,
  },
  versionsPercent: {
    key: 'versions-percent',
    doc: ['How much of the volume kept versions may take before the oldest go, whatever their age.'],
    type: wholeNumber(1, 90, 'percent'),
    default: 10,
  },
  scrubDays: {
    key: 'scrub-days',
    doc: [
      'How often all that the folders hold is read again in idle time, to find what the disk has damaged and fetch it again',
      'from another device. 0: never; `holt verify --repair` does it at once.',
    ],
    type: wholeNumber(0, 3650, 'days'),
    default: 30,
  },
  scrubMegabytes: {
    key: 'scrub-megabytes',
    doc: ['How much of it is read a second while it does so; a single large file is read without a pause.'],
    type: wholeNumber(1, 10_000, 'megabytes'),
    default: 16,
  },
  sendLimit: {
    key: 'send-limit',
    doc: [
      'How fast bytes of files go out to all devices together, such as "2M", or a list with times of the day and week:',
      '["2M", "08:00-18:00 mon-fri 500K", "22:00-06:00 none"]. "pause" sends nothing.',
      'Holds until `holt limit` says otherwise, which also limits single devices, and at once.',
    ],
    type: rateLimit,
    default: UNLIMITED,
  },
  receiveLimit: {
    key: 'receive-limit',
    doc: ['How fast bytes of files come in from all devices together, said in the same way.'],
    type: rateLimit,
    default: UNLIMITED,
  },
  logLevel: {
    key: 'log-level',
    doc: ['"debug" also logs events that only someone who looks for a fault wants to see.'],
    type: oneOf<LogLevel>(['normal', 'debug']),
    default: 'normal',
  },
  logMegabytes: {
    key: 'log-megabytes',
    doc: ['How large a log file gets before the next one begins.'],
    type: wholeNumber(1, 1024, 'megabytes'),
    default: 5,
  },
  logFiles: {
    key: 'log-files',
    doc: ['How many log files are kept, the current one included.'],
    type: wholeNumber(1, 100, 'files'),
    default: 5,
  },
}

export type OptionName = keyof OptionValues
/** In the order of the page. `Object.keys` does not know that an object literal has no others. */
export const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[]

export function environmentName(key: string): string {
  return `HOLT_${key.toUpperCase().replaceAll('-', '_')}`
}
