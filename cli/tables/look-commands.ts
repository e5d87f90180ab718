/** The commands that only read. */

import type { Command } from '../command.ts'

/** What `ls --state` takes. */
export const LS_STATES = [
  ...(['all', 'unsynced', 'problem', 'synced', 'missing', 'waiting', 'deleted', 'pending', 'behind', 'local'] as const),
  ...(['held-back', 'undecided', 'conflict', 'unstable', 'locked', 'blocked', 'unreadable', 'skipped'] as const),
  ...(['damaged', 'failed', 'ignored', 'left-out', 'stopped'] as const),
] as const

export const LOOK_COMMANDS: readonly Command[] = [
  {
    name: ['status'],
    group: 'look',
    summary: 'Everything at a glance: devices, folders, transfers, what needs attention',
    operations: ['getStatus'],
    json: [{ form: 'value', schema: 'Status' }],
    exits: { needsAttention: 'a folder has halted, or a conflict waits' },
    daemon: 'running',
    load: async () => (await import('../commands/status.ts')).runStatus,
  },
  {
    name: ['ls'],
    group: 'look',
    summary: 'List folders, or what a folder contains, each path with its state',
    operands: [
      { name: 'FOLDER', isRequired: false, description: 'its name or id', completes: 'folder' },
      { name: 'DIRECTORY', isRequired: false, description: 'only what lies in this directory of the folder' },
    ],
    flags: [
      {
        name: 'state',
        short: 's',
        value: 'STATE',
        description: `Only paths in this state: ${LS_STATES.join(', ')}`,
        completes: LS_STATES,
      },
      { name: 'flat', description: 'Leave out what lies in directories below' },
    ],
    operations: ['listFolders', 'listDevices', 'listEntries'],
    json: [
      { form: 'value', schema: 'FolderList', when: 'without FOLDER' },
      { form: 'lines', schema: 'Entry', when: 'with FOLDER' },
    ],
    daemon: 'running',
    load: async () => (await import('../commands/ls.ts')).runLs,
  },
  {
    name: ['why'],
    group: 'look',
    summary: 'The story of one path: why it is as it is, what it waits for, and what to do',
    details: [
      'Tells what is on the disk, what this device and each other one says of the path, what is decided of it and why. Nothing has to be at the path. Of a directory it counts how what lies below it stands.',
    ],
    operands: [{ name: 'PATH', isRequired: true, description: 'a file or directory, in a folder or not' }],
    operations: ['explainPath'],
    json: [{ form: 'value', schema: 'Why' }],
    exits: { needsAttention: 'something keeps it from being in sync' },
    daemon: 'running',
    load: async () => (await import('../commands/why.ts')).runWhy,
  },
  {
    name: ['devices'],
    group: 'look',
    summary: 'The devices of the group',
    operands: [{ name: 'DEVICE', isRequired: false, description: 'only this one, in detail', completes: 'device' }],
    operations: ['listDevices', 'getDevice'],
    json: [
      { form: 'value', schema: 'DeviceList', when: 'without DEVICE' },
      { form: 'value', schema: 'Device', when: 'with DEVICE' },
    ],
    daemon: 'running',
    load: async () => (await import('../commands/devices.ts')).runDevices,
  },
  {
    name: ['folders'],
    group: 'look',
    summary: 'The folders that are kept here or offered by the group',
    operands: [{ name: 'FOLDER', isRequired: false, description: 'only this one, in detail', completes: 'folder' }],
    operations: ['listFolders', 'getFolder', 'listDevices'],
    json: [
      { form: 'value', schema: 'FolderList', when: 'without FOLDER' },
      { form: 'value', schema: 'Folder', when: 'with FOLDER' },
    ],
    daemon: 'running',
    load: async () => (await import('../commands/folders.ts')).runFolders,
  },
  {
    name: ['conflicts'],
    group: 'look',
    summary: 'Conflicts that wait for a person, with both contents',
    details: [
      '`holt resolve PATH --keep mine|theirs|both` settles one, on all devices. Or look at both files, keep what you want under the name that you want, and delete the other.',
    ],
    operands: [{ name: 'FOLDER', isRequired: false, description: 'only of this one', completes: 'folder' }],
    operations: ['listConflicts'],
    json: [{ form: 'value', schema: 'ConflictPage' }],
    exits: { needsAttention: 'there are some' },
    daemon: 'running',
    load: async () => (await import('../commands/conflicts.ts')).runConflicts,
  },
  {
    name: ['verify'],
    group: 'look',
    summary: 'Read again what the folders hold, and find what the disk has damaged',
    details: [
      'Every file is read and compared with what it should hold. A file whose bytes changed although nothing wrote to it is listed, and sent to nobody. With `--repair` it is fetched again from a device that holds it; what was there is kept in .holt/versions. The daemon does the same by itself in idle time (`scrub-days`).',
    ],
    operands: [{ name: 'FOLDER', isRequired: false, description: 'only this one', completes: 'folder' }],
    flags: [{ name: 'repair', description: 'Fetch again what is damaged, also what the disk cannot read' }],
    operations: ['startVerify', 'getVerification', 'getDaemon'],
    json: [{ form: 'value', schema: 'Verification' }],
    exits: { needsAttention: 'something is damaged still' },
    daemon: 'started',
    load: async () => (await import('../commands/verify.ts')).runVerify,
  },
  {
    name: ['events'],
    group: 'look',
    summary: 'What has happened of late, and with --follow what happens',
    flags: [
      { name: 'follow', short: 'f', description: 'Go on with each event as it happens' },
      { name: 'after', value: 'ID', description: 'Only events after this one' },
      { name: 'lines', short: 'n', value: 'N', isNumber: true, description: 'The newest N (default: 50)' },
    ],
    operations: ['listEvents', 'followEvents', 'listFolders', 'listDevices'],
    json: [{ form: 'lines', schema: 'Event' }],
    daemon: 'running',
    load: async () => (await import('../commands/events.ts')).runEvents,
  },
  {
    name: ['doctor'],
    group: 'look',
    summary: 'Check this device and its network, each finding with its fix',
    details: [
      'Checks multicast on each network interface, ports in both directions with devices that are online, limits, the clock, space and permissions, and shows the report of a crash.',
    ],
    operands: [
      { name: 'DEVICE', isRequired: false, description: 'check the ports with this one only', completes: 'device' },
    ],
    operations: ['runDoctor'],
    json: [{ form: 'value', schema: 'Doctor' }],
    exits: { failed: 'a check has failed' },
    daemon: 'running',
    load: async () => (await import('../commands/doctor.ts')).runDoctor,
  },
  {
    name: ['logs'],
    group: 'look',
    summary: 'The newest records of the log',
    flags: [
      { name: 'follow', short: 'f', description: 'Go on with each record as it is written' },
      { name: 'lines', short: 'n', value: 'N', isNumber: true, description: 'The newest N (default: 50)' },
    ],
    operations: ['listLogs', 'followLogs'],
    json: [{ form: 'lines', schema: 'LogRecord' }],
    daemon: 'running',
    load: async () => (await import('../commands/logs.ts')).runLogs,
  },
  {
    name: ['config'],
    group: 'look',
    summary: 'The settings in force, each with where it comes from',
    details: ['They are changed in the file that is named, or in the environment; docs/CONFIG.md describes each.'],
    operations: ['getConfig'],
    json: [{ form: 'value', schema: 'Config' }],
    daemon: 'running',
    load: async () => (await import('../commands/config.ts')).runConfig,
  },
]
