/** The commands that a person needs on the first day. */

import type { Command, Flag } from '../command.ts'

const WAIT_FLAG: Flag = { name: 'wait', description: 'Wait until the folder is in sync, and show how far it is' }
const YES_FLAG: Flag = { name: 'yes', short: 'y', description: 'Do not ask' }

const MODE_FLAG: Flag = {
  name: 'mode',
  value: 'MODE',
  description: 'What this device does with it; see `holt folder set`',
  completes: ['send-receive', 'send-only', 'receive-only', 'receive-archive'],
}

export const BEGIN_COMMANDS: readonly Command[] = [
  {
    name: ['start'],
    group: 'begin',
    summary: 'Start the daemon in the background',
    details: [
      'Commands that change something start it by themselves. `holt service install` starts it at every login.',
    ],
    operations: ['getDaemon'],
    daemon: 'none',
    load: async () => (await import('../commands/start.ts')).runStart,
  },
  {
    name: ['stop'],
    group: 'begin',
    summary: 'Stop the daemon',
    operations: ['getDaemon', 'shutDown'],
    daemon: 'none',
    load: async () => (await import('../commands/stop.ts')).runStop,
  },
  {
    name: ['pair'],
    group: 'begin',
    summary: 'Show a code, or join the device that shows one',
    details: [
      'Run it on both devices. Each shows a code; type one of them on the other device. On a terminal, `holt pair` takes the code of the other device while it shows its own. The code is the first line on stdout; it is good for one device and ten minutes, and is burnt by Ctrl-C.',
      'A code given as an argument can be seen by other users of the machine in the list of processes. `--join` asks for it instead, or reads it from stdin.',
      'On a network that does not let devices find each other, name the one that shows the code with `--address`; its `holt status` says where it is reached.',
    ],
    operands: [
      {
        name: 'CODE',
        isRequired: false,
        description: 'the code that the other device shows, such as 7-soldier-wet-jelly',
      },
    ],
    flags: [
      { name: 'join', short: 'j', description: 'Join: ask for the code, or read it from stdin' },
      { name: 'address', short: 'a', value: 'HOST[:PORT]', description: 'Where the device is that shows the code' },
      { name: 'member', description: 'The device that joins this group is a member: it removes nobody' },
      { name: 'qr', description: 'Show the code as a QR code, too' },
    ],
    operations: ['startPairing', 'joinPairing', 'followPairing', 'chooseInviter', 'cancelPairing', 'getDaemon'],
    exits: {
      failed: 'the code has expired, or the other device broke off',
      refused: 'the code was wrong, or both devices are in groups',
      usage: 'what was typed is no code',
      notFound: 'no device shows the code',
    },
    daemon: 'started',
    load: async () => (await import('../commands/pair.ts')).runPair,
  },
  {
    name: ['add'],
    group: 'begin',
    summary: 'Share a directory with the group',
    details: [
      'Where the group already offers a folder of that name, `--join` keeps that one in the directory, and `--new` makes another. On a terminal it asks; elsewhere it refuses.',
    ],
    operands: [{ name: 'PATH', isRequired: true, description: 'the directory', completes: 'path' }],
    flags: [
      { name: 'name', short: 'n', value: 'NAME', description: "What to call it (default: the directory's name)" },
      { name: 'join', description: 'Keep the folder of that name which the group offers' },
      { name: 'new', description: 'Make another folder of that name' },
      MODE_FLAG,
      YES_FLAG,
      WAIT_FLAG,
    ],
    operations: ['addFolder', 'previewFolder', 'getFolder', 'getDaemon'],
    exits: { needsAttention: 'with --wait: the folder halted' },
    daemon: 'started',
    load: async () => (await import('../commands/add.ts')).runAdd,
  },
  {
    name: ['accept'],
    group: 'begin',
    summary: 'Keep a folder that the group offers',
    details: [
      'Into a directory that is not empty, it first says what would happen and asks. Equal files are neither transferred nor touched; files that differ are kept as conflict copies. An offer that is still on its way is waited for, 15 seconds.',
    ],
    operands: [
      { name: 'FOLDER', isRequired: true, description: 'its name or id', completes: 'folder' },
      { name: 'PATH', isRequired: false, description: 'where to keep it (default: ~/NAME)', completes: 'path' },
    ],
    flags: [MODE_FLAG, YES_FLAG, WAIT_FLAG],
    operations: ['previewFolder', 'acceptFolder', 'getFolder', 'getDaemon'],
    exits: { needsAttention: 'with --wait: the folder halted' },
    daemon: 'started',
    load: async () => (await import('../commands/accept.ts')).runAccept,
  },
]
