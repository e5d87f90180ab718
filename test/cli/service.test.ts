/** The daemon as a service of the user's system: what is written, what is run, and what `holt uninstall` leaves. */

import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ServicePlan } from '../../cli/service/service.ts'
import { planService } from '../../cli/service/service.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { JSON_SHAPES } from '../../scripts/json-shapes.ts'
import { COMPILE_CACHE } from '../compile-cache.ts'
import { OWNED } from './fake-home.ts'
import type { Ended } from './lent-world.ts'
import { say } from './lent-world.ts'

const FAKE_DAEMON = fileURLToPath(new URL('fake-daemon.ts', import.meta.url))
const PROGRAM = ['/opt/no de/bin/node', '/opt/holt 100%/daemon "x"/main.js'] as const

function planFor(platform: string, environment: Record<string, string> = {}): ServicePlan {
  const homeDirectory = '/home/ada'
  const path = environment['HOLT_HOME'] ?? '/home/ada/.local/share/holt'
  return planService({ platform, environment, homeDirectory, daemonProgram: PROGRAM }, { path, socketPath: '/s' })
}

describe('a service', () => {
  it('is a unit of the user on Linux, whose words systemd takes apart as they were', () => {
    const { file, place, install } = planFor('linux')
    assert.equal(place, '/home/ada/.config/systemd/user/holt.service')
    assert.match(
      file?.text ?? '',
      /^ExecStart="\/opt\/no de\/bin\/node" "\/opt\/holt 100%%\/daemon \\"x\\"\/main\.js"$/m,
    )
    assert.match(file?.text ?? '', /^Environment="HOLT_HOME=\/home\/ada\/\.local\/share\/holt" /m)
    assert.deepEqual(install.at(-1), ['systemctl', '--user', 'enable', '--now', 'holt.service'])
  })

  it('has a name of its own for every home', () => {
    const names = ['/a/holt', '/b/holt', '/home/ada/.local/share/holt'].map(
      (home) => planFor('linux', { HOLT_HOME: home }).name,
    )
    assert.equal(new Set(names).size, 3)
    assert.equal(names[2], 'holt.service')
    for (const name of names) assert.match(name, /^[A-Za-z0-9-]+\.service$/)
  })

  it('is a launch agent on macOS, with its words escaped', () => {
    const { file, install } = planFor('darwin', { HOLT_HOME: '/Volumes/A & B' })
    assert.match(file?.path ?? '', /^\/home\/ada\/Library\/LaunchAgents\/holt\.daemon-AB-\w+\.plist$/)
    assert.match(file?.text ?? '', /<string>\/Volumes\/A &amp; B<\/string>/)
    assert.match(file?.text ?? '', /<key>RunAtLoad<\/key>\n {2}<true\/>/)
    assert.deepEqual(install[0]?.slice(0, 2), ['launchctl', 'bootstrap'])
  })

  it('is an entry of the registry on Windows, which needs no administrator', () => {
    const { file, install, place } = planFor('win32', { HOLT_HOME: "C:\\Users\\Ada's\\holt" })
    assert.equal(file, undefined)
    assert.match(place, /^HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Holt-holt-\w+$/)
    assert.deepEqual(install[0]?.slice(0, 2), ['reg', 'add'])
    assert.match(install.flat().join(' '), /HOLT_HOME='C:\\Users\\Ada''s\\holt'/)
  })
})

interface Machine extends AsyncDisposable {
  readonly home: string
  readonly user: string
  holt(line: string, environment?: Readonly<Record<string, string>>): Promise<Ended>
  /** What the service manager was told. */
  told(): Promise<string[]>
}

/** A user's home with a `systemctl` that does what it is told: it starts and stops the daemon. */
async function openMachine(systemctl = FAKE_SYSTEMCTL): Promise<Machine> {
  const user = await mkdtemp(join(tmpdir(), 'holt-user-'))
  const home = join(user, 'state')
  await mkdir(join(user, 'bin'))
  await mkdir(home, { mode: 0o700 })
  await writeFile(join(user, 'bin', 'systemctl'), systemctl)
  await chmod(join(user, 'bin', 'systemctl'), 0o755)
  const machine: Omit<Machine, keyof AsyncDisposable> = {
    home,
    user,
    holt: (line, environment = {}) => {
      const PATH = `${join(user, 'bin')}:${process.env['PATH'] ?? ''}`
      return say({ path: home }, line.split(' '), {
        environment: { HOME: user, PATH, HOLT_HOME: home, NODE_COMPILE_CACHE: COMPILE_CACHE, ...OWNED, ...environment },
        homeDirectory: user,
        daemonProgram: [process.execPath, FAKE_DAEMON],
      })
    },
    told: async () => (await readFile(join(user, 'told'), 'utf8')).trim().split('\n'),
  }
  return {
    ...machine,
    [Symbol.asyncDispose]: async () => {
      await machine.holt('stop')
      await rm(user, { recursive: true })
    },
  }
}

const FAKE_SYSTEMCTL = `#!/bin/sh
echo "$*" >> "$HOME/told"
unit=$(ls "$HOME"/.config/systemd/user/*.service 2>/dev/null)
case "$*" in
  *is-active*) test -e "$HOME/active" ;;
  *enable*) touch "$HOME/active"; eval "$(sed -n 's/^ExecStart=//p' "$unit") >/dev/null 2>&1 &" ;;
  *disable*) rm -f "$HOME/active" ;;
esac
`

describe('holt service', () => {
  it('is installed, answers, says how it stands, and is removed', async () => {
    await using machine = await openMachine()
    const none = await machine.holt('service status')
    assert.deepEqual(
      [none.status, none.stdout],
      [EXIT.notFound, 'Holt does not start at login. To change that: holt service install\n'],
    )
    const installed = await machine.holt('service install')
    assert.equal(installed.status, EXIT.ok, installed.stderr)
    assert.match(
      installed.stdout,
      /^Holt starts at every login now: .*\.config\/systemd\/user\/holt-state-\w+\.service\nIt runs, as ada-laptop \(process \d+\)\.\n$/,
    )
    const status = await machine.holt('service status --json')
    assert.deepEqual(JSON_SHAPES['ServiceStatus']?.parse(JSON.parse(status.stdout)), JSON.parse(status.stdout))
    assert.match(status.stdout, /"isInstalled":true,"isActive":true/)
    assert.equal((await machine.holt('service remove')).stdout, 'Holt does not start at login any more.\n')
    assert.equal((await machine.holt('service remove')).stdout, 'The service was not installed.\n')
    assert.deepEqual(await readdir(join(machine.user, '.config/systemd/user')), [])
    const verbs = (await machine.told()).map((line) => line.replace('--user', '').trim().split(' ')[0])
    assert.deepEqual(
      verbs.filter((verb) => verb !== '--quiet'),
      ['daemon-reload', 'enable', 'disable', 'daemon-reload'],
    )
  })

  it('takes over from a daemon that was started by hand', async () => {
    await using machine = await openMachine()
    const pid = /process (\d+)/.exec((await machine.holt('start')).stdout)?.[1]
    const { stdout } = await machine.holt('service install')
    assert.doesNotMatch(stdout, new RegExp(`process ${pid ?? ''}\\)`))
    assert.match(stdout, /It runs/)
  })

  it('says what to do where the service manager refuses, and leaves nothing behind', async () => {
    await using machine = await openMachine('#!/bin/sh\necho "Failed to connect to bus: No medium found" >&2; exit 1\n')
    const ran = await machine.holt('service install')
    assert.equal(ran.status, EXIT.failed)
    assert.match(
      ran.stderr,
      /Failed to connect to bus: No medium found\nWithout a service, run `holt start` after each login\.\n$/,
    )
    assert.deepEqual(await readdir(join(machine.user, '.config/systemd/user')), [])
  })
})

describe('holt uninstall', () => {
  it('refuses where nobody can be asked', async () => {
    await using machine = await openMachine()
    const ran = await machine.holt('uninstall')
    assert.equal(ran.status, EXIT.refused)
    assert.match(ran.stderr, /holt uninstall --yes\n$/)
  })

  it('leaves the group, removes service and state, and says where the files are', async () => {
    await using machine = await openMachine()
    await machine.holt('service install')
    await writeFile(join(machine.home, 'config.toml'), '')
    const ran = await machine.holt('uninstall --yes')
    assert.equal(ran.status, EXIT.ok, ran.stderr)
    assert.match(
      ran.stdout,
      /^Left the group\.\nHolt does not start at login any more\.\nRemoved .*\/state\.\nAll files stay:\n {2}Photos in \/home\/ada\/Photos\n$/,
    )
    assert.deepEqual(
      (await readdir(machine.user)).filter((name) => name === 'state'),
      [],
    )
  })

  it('never removes what the daemon did not make', async () => {
    await using machine = await openMachine()
    await writeFile(join(machine.home, 'config.toml'), '')
    await mkdir(join(machine.home, 'Photos'))
    await writeFile(join(machine.home, 'Photos', 'a.jpg'), 'mine')
    const ran = await machine.holt('uninstall --yes')
    assert.match(ran.stdout, /state stays, because of what is not Holt's: Photos\n/)
    assert.deepEqual(await readdir(machine.home), ['Photos'])
    assert.equal(await readFile(join(machine.home, 'Photos', 'a.jpg'), 'utf8'), 'mine')
  })

  it('removes the rest where the daemon cannot be started, and says what is left to do elsewhere', async () => {
    await using machine = await openMachine()
    const ran = await machine.holt('uninstall -y', { FAKE_DAEMON: 'fail' })
    assert.equal(ran.status, EXIT.ok)
    assert.match(
      ran.stderr,
      /The group could not be left: .*line 3.*\nOn another device, run: holt device remove NAME\n/,
    )
    assert.match(ran.stdout, /^Removed /)
  })
})
