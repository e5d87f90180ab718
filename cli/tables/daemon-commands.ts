/** The commands about the daemon and this machine. */

import type { Command } from '../command.ts'
import { SHELLS } from '../completion-scripts.ts'

const SERVICE_DETAILS = [
  'On Linux a unit of the systemd of this user, on macOS a launch agent, on Windows an entry of the programs that start at login. It needs no administrator and serves the home that HOLT_HOME names.',
]

export const DAEMON_COMMANDS: readonly Command[] = [
  {
    name: ['daemon'],
    group: 'daemon',
    summary: 'Run the daemon in the foreground, for services',
    operations: [],
    daemon: 'none',
    load: async () => (await import('../commands/daemon.ts')).runDaemon,
  },
  {
    name: ['service', 'install'],
    group: 'daemon',
    summary: 'Start the daemon now and at every login',
    details: SERVICE_DETAILS,
    operations: ['getDaemon', 'shutDown'],
    daemon: 'none',
    load: async () => (await import('../commands/service.ts')).runInstall,
  },
  {
    name: ['service', 'remove'],
    group: 'daemon',
    summary: 'Do not start the daemon at login any more',
    details: SERVICE_DETAILS,
    operations: [],
    daemon: 'none',
    load: async () => (await import('../commands/service.ts')).runRemove,
  },
  {
    name: ['service', 'status'],
    group: 'daemon',
    summary: 'Whether the daemon starts at login',
    operations: ['getDaemon'],
    json: [{ form: 'value', schema: 'ServiceStatus' }],
    exits: { notFound: 'it is not installed' },
    daemon: 'none',
    load: async () => (await import('../commands/service.ts')).runStatus,
  },
  {
    name: ['limit'],
    group: 'daemon',
    summary: 'How fast bytes of files go out and come in; limits for one device, or for all together',
    details: [
      'A rate is in bytes a second: 500K, 2M, 1MiB; none (or 0) is as fast as it goes, pause is nothing at all. It may hold at some times of the day and week only, by the clock of this device: `--send 2M --send "08:00-18:00 mon-fri 500K" --send "22:00-06:00 none"`. The first time that fits counts, and the rate without a time outside of all.',
      'What is said replaces what was said before of that direction, and holds at once. default is what config.toml says; of a single device, none. Both the limit of a device and that of all together hold. What devices tell each other of files is never held up.',
    ],
    operands: [
      { name: 'DEVICE', isRequired: false, description: 'only what goes to it and comes from it', completes: 'device' },
    ],
    flags: [
      { name: 'send', value: 'LIMIT', description: 'What goes out; may be said several times' },
      { name: 'receive', value: 'LIMIT', description: 'What comes in; may be said several times' },
    ],
    operations: ['getLimits', 'changeLimits', 'getDaemon'],
    json: [{ form: 'value', schema: 'Limits' }],
    daemon: 'started',
    load: async () => (await import('../commands/limit.ts')).runLimit,
  },
  {
    name: ['api'],
    group: 'daemon',
    summary: 'The address and the token of the HTTP API, and a curl line that works as printed',
    details: ['Whoever has the token can do everything that you can do with Holt.'],
    operations: ['getApi'],
    json: [{ form: 'value', schema: 'Api' }],
    daemon: 'running',
    load: async () => (await import('../commands/api.ts')).runApi,
  },
  {
    name: ['support-bundle'],
    group: 'daemon',
    summary: 'Write what a person who helps needs to see, without secrets and file names',
    operands: [
      {
        name: 'FILE',
        isRequired: false,
        description: 'where to write it (default: holt-support-TIME.tar.gz here); - for stdout',
        completes: 'path',
      },
    ],
    operations: ['getSupportBundle'],
    daemon: 'running',
    load: async () => (await import('../commands/support-bundle.ts')).runSupportBundle,
  },
  {
    name: ['completion'],
    group: 'daemon',
    summary: 'Print a script that completes commands in a shell',
    details: [
      'bash: `holt completion bash > ~/.local/share/bash-completion/completions/holt`',
      'zsh: `holt completion zsh > ~/.zfunc/_holt`, with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc',
      'fish: `holt completion fish > ~/.config/fish/completions/holt.fish`',
    ],
    operands: [{ name: 'SHELL', isRequired: true, description: SHELLS.join(', '), completes: SHELLS }],
    operations: [],
    daemon: 'none',
    load: async () => (await import('../commands/completion.ts')).runCompletion,
  },
  {
    name: ['uninstall'],
    group: 'daemon',
    summary: 'Leave the group and remove service and state; every file of yours stays',
    details: [
      'Says where the folders and their kept versions are. The program itself is removed as it was installed: `npm uninstall -g holt`.',
    ],
    flags: [{ name: 'yes', short: 'y', description: 'Do not ask' }],
    operations: ['listFolders', 'leaveGroup', 'removeFolder', 'getDaemon', 'shutDown'],
    daemon: 'none',
    load: async () => (await import('../commands/uninstall.ts')).runUninstall,
  },
  {
    name: ['complete'],
    group: 'daemon',
    summary: 'What may stand next, one a line: the shells call it',
    operands: [{ name: 'WORD', isRequired: false, description: 'the words after holt, behind --', isRepeated: true }],
    operations: ['listFolders', 'listDevices'],
    daemon: 'none',
    isHidden: true,
    load: async () => (await import('../commands/complete.ts')).runComplete,
  },
]
