/** The commands that change folders, devices and the group. */

import type { Command, Operand } from '../command.ts'

const FOLDER: Operand = { name: 'FOLDER', isRequired: true, description: 'its name or id', completes: 'folder' }
const DEVICE: Operand = { name: 'DEVICE', isRequired: true, description: 'its name or id', completes: 'device' }

const MODES = ['send-receive', 'send-only', 'receive-only', 'receive-archive'] as const
const POLICIES = ['keep-both', 'newest', 'manual', 'prefer:'] as const

export const FOLDER_COMMANDS: readonly Command[] = [
  {
    name: ['approve'],
    group: 'folders',
    summary: 'Let a halted folder do what it halted for',
    operands: [FOLDER],
    operations: ['approveFolder', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/folder.ts')).runApprove,
  },
  {
    name: ['reject'],
    group: 'folders',
    summary: 'Refuse what a folder halted for; deleted files come back on every device',
    operands: [FOLDER],
    operations: ['rejectFolder', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/folder.ts')).runReject,
  },
  {
    name: ['override'],
    group: 'folders',
    summary: 'Make the other devices as this one is, which only sends the folder',
    operands: [FOLDER],
    operations: ['overrideFolder', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/folder.ts')).runOverride,
  },
  {
    name: ['revert'],
    group: 'folders',
    summary: 'Give up what was changed on this device, which only receives the folder',
    details: ['What was changed or made here goes to .holt/versions; what was deleted here is fetched again.'],
    operands: [FOLDER],
    operations: ['revertFolder', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/folder.ts')).runRevert,
  },
  {
    name: ['resolve'],
    group: 'folders',
    summary: 'Choose which content of a file in conflict stays, on all devices',
    details: [
      'The path is the file or its conflict copy. mine is what this device wrote, theirs the other one; holt conflicts shows both. What is not kept goes to .holt/versions. both keeps both, as ordinary files.',
    ],
    operands: [{ name: 'PATH', isRequired: true, description: 'the file, or its conflict copy', completes: 'path' }],
    flags: [
      { name: 'keep', value: 'WHICH', description: 'mine, theirs or both', completes: ['mine', 'theirs', 'both'] },
    ],
    operations: ['resolveConflict', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/resolve.ts')).runResolve,
  },
  {
    name: ['folder', 'pause'],
    group: 'folders',
    summary: 'Stop syncing a folder for now',
    operands: [FOLDER],
    operations: ['pauseFolder', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/folder.ts')).runPause,
  },
  {
    name: ['folder', 'resume'],
    group: 'folders',
    summary: 'Sync a paused folder again',
    operands: [FOLDER],
    operations: ['resumeFolder', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/folder.ts')).runResume,
  },
  {
    name: ['folder', 'move'],
    group: 'folders',
    summary: 'Say where the directory of a folder was moved to',
    details: [
      'Move the directory first. It is recognised by its marker; nothing is read or transferred again.',
      'Where only the marker, .holt, was lost: `--adopt` with the directory as it is. What was deleted in it meanwhile counts as deleted.',
    ],
    operands: [FOLDER, { name: 'NEWPATH', isRequired: true, description: 'where it is now', completes: 'path' }],
    flags: [{ name: 'adopt', description: 'It is this directory, although it has lost its marker .holt' }],
    operations: ['moveFolder', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/folder.ts')).runMove,
  },
  {
    name: ['folder', 'remove'],
    group: 'folders',
    summary: 'Stop keeping a folder in sync here; its files stay',
    operands: [FOLDER],
    flags: [{ name: 'everywhere', description: 'Withdraw it from the whole group; the files stay on every device' }],
    operations: ['removeFolder', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/folder.ts')).runRemove,
  },
  {
    name: ['folder', 'set'],
    group: 'folders',
    summary: 'Choose what this device does with a folder, and how conflicts are settled',
    details: [
      'Modes: send-receive keeps it the same both ways; send-only sends and takes nothing; receive-only follows the others, and what is changed here goes no further; receive-archive follows them too, and keeps what they delete.',
      'How conflicts are settled is one choice for the whole group: keep-both makes a copy beside the file, newest and prefer:DEVICE keep one and put the other into the versions, manual leaves every device its own until somebody says holt resolve.',
      'What is not named stays as it is; without any choice, it says what holds.',
    ],
    operands: [FOLDER],
    flags: [
      { name: 'mode', value: 'MODE', description: 'What this device does with it', completes: MODES },
      {
        name: 'conflicts',
        value: 'POLICY',
        description: 'keep-both, newest, manual or prefer:DEVICE',
        completes: POLICIES,
      },
      { name: 'keep-days', value: 'DAYS', description: 'Keep earlier contents so many days; "default" as configured' },
      {
        name: 'keep-versions',
        value: 'COUNT',
        description: 'Keep so many earlier contents of a path; "all" for no bound',
      },
      { name: 'keep-size', value: 'SIZE', description: 'Keep so much, such as 20GB; "all" for no bound' },
      {
        name: 'include',
        value: 'PATTERN',
        description: 'Keep only what fits, as in .holtignore; may be said several times',
      },
      { name: 'exclude', value: 'PATTERN', description: 'Keep nothing that fits; may be said several times' },
      { name: 'everything', description: 'Keep all of it: no more include and exclude' },
      { name: 'yes', short: 'y', description: 'Also where changes of this device would be sent' },
      {
        name: 'links',
        value: 'WHICH',
        description: 'inside: no symbolic links that lead out of the folder; any: those too',
        completes: ['inside', 'any'],
      },
    ],
    operations: ['changeFolder', 'getFolder', 'getDaemon'],
    json: [{ form: 'value', schema: 'Folder' }],
    daemon: 'started',
    load: async () => (await import('../commands/folder-set.ts')).runSet,
  },
]

export const DEVICE_COMMANDS: readonly Command[] = [
  {
    name: ['device', 'rename'],
    group: 'devices',
    summary: 'Give this device another name',
    operands: [DEVICE, { name: 'NAME', isRequired: true, description: 'the new name' }],
    operations: ['renameDevice', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/device.ts')).runRename,
  },
  {
    name: ['device', 'remove'],
    group: 'devices',
    summary: 'Remove a device from the group',
    details: ['It is cut off at once. What it holds, it keeps. It can only come back by pairing again.'],
    operands: [DEVICE],
    flags: [{ name: 'lost', description: 'It is in other hands' }],
    operations: ['removeDevice', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/device.ts')).runRemove,
  },
  {
    name: ['leave'],
    group: 'devices',
    summary: 'Take this device out of its group, keeping all files',
    operations: ['leaveGroup', 'getDaemon'],
    daemon: 'started',
    load: async () => (await import('../commands/leave.ts')).runLeave,
  },
]
