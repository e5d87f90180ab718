/** The commands about what was replaced or deleted. */

import type { Command } from '../command.ts'

export const VERSION_COMMANDS: readonly Command[] = [
  {
    name: ['versions'],
    group: 'folders',
    summary: 'What is kept of a file that was replaced or deleted, newest first',
    details: [
      'Shows what this device and those that are online keep: when it was kept, its size, what took it away, and in which step, for `holt undo --batch`. What a person changes or deletes on a device is kept by the others, which it reached.',
    ],
    operands: [
      { name: 'PATH', isRequired: true, description: 'in a folder; nothing has to be there', completes: 'path' },
    ],
    flags: [{ name: 'recursive', short: 'r', description: 'Of all below a directory, too' }],
    operations: ['listVersions'],
    json: [{ form: 'value', schema: 'VersionPage' }],
    daemon: 'running',
    load: async () => (await import('../commands/versions.ts')).runVersions,
  },
  {
    name: ['restore'],
    group: 'folders',
    summary: 'Bring back a file or a directory that was replaced or deleted',
    details: [
      'Brings back the newest version that is kept, or with --at the one that was current then. What is there now is kept first. On the other devices it is an ordinary edit.',
      'Of a directory, all below it that is not there any more comes back; with --at what is there becomes what it was then, too.',
    ],
    operands: [
      { name: 'PATH', isRequired: true, description: 'in a folder; nothing has to be there', completes: 'path' },
    ],
    flags: [
      {
        name: 'at',
        value: 'TIME',
        description: 'As it was then: 2h, 3d, yesterday (its end), 14:30, 2026-11-20 (its end), "2026-11-20 14:30"',
      },
      { name: 'to', value: 'PATH', description: 'To another path, in a folder or not', completes: 'path' },
      { name: 'overwrite', description: 'With --to: replace what is there' },
    ],
    operations: ['restoreVersions', 'getDaemon'],
    json: [{ form: 'value', schema: 'Restored' }],
    exits: { needsAttention: 'some paths were left as they are' },
    daemon: 'started',
    load: async () => (await import('../commands/restore.ts')).runRestore,
  },
  {
    name: ['undo'],
    group: 'folders',
    summary: 'Take back what a device deleted or replaced in one go, on all devices',
    details: [
      'Takes back the newest step, or the one that --batch names: deleted files and directories come back, replaced files are what they were before. It can be typed on any device; each that keeps something of the step brings that back. What somebody changed since is left as it is, and named.',
      'What is there now is kept first, so that an undo can be taken back by --batch, too. One that was interrupted is finished by typing it again.',
    ],
    operands: [
      { name: 'FOLDER', isRequired: false, description: 'its name or id (default: any)', completes: 'folder' },
    ],
    flags: [
      { name: 'batch', value: 'ID', description: 'The step to take back, as --list and `holt versions` name it' },
      { name: 'list', short: 'l', description: 'Only show the steps that can be taken back, newest first' },
      { name: 'dry-run', description: 'Only say what would come back' },
    ],
    operations: ['undo', 'listUndoSteps', 'getDaemon'],
    json: [
      { form: 'value', schema: 'Undone' },
      { form: 'value', schema: 'UndoList', when: 'with --list' },
    ],
    exits: { needsAttention: 'some paths were left as they are' },
    daemon: 'started',
    load: async () => (await import('../commands/undo.ts')).runUndo,
  },
]
