/** What the machine itself may have against syncing, and what to do about it. */

import { readFile, stat, statfs } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import type { Check } from '../protocol/api/daemon.ts'
import type { CrashReport } from './crash-report.ts'

/** The flag of an interface that takes multicast (linux/if.h). */
const IFF_MULTICAST = 0x1000
/** Free space below which a volume is a warning. */
const FREE_BYTES_MIN = 1024 ** 3
/** Before this a clock was never set. */
const CLOCK_MS_MIN = Date.UTC(2025, 0, 1)

export interface DoctorFacts {
  readonly home: string
  readonly roots: readonly {
    readonly name: string
    readonly path: string
    readonly watched: number
    readonly unwatched: number
  }[]
  readonly crashes: readonly CrashReport[]
  readonly wallMs: number
}

export async function machineChecks(facts: DoctorFacts): Promise<Check[]> {
  return [
    ...(await multicastChecks()),
    await watchCheck(facts),
    clockCheck(facts.wallMs),
    ...(await Promise.all(facts.roots.map(spaceCheck))),
    await permissionCheck(facts.home),
    crashCheck(facts.crashes),
  ]
}

async function multicastChecks(): Promise<Check[]> {
  const names = Object.keys(networkInterfaces())
  if (names.length === 0) {
    return [check('multicast', 'Network', 'failed', 'No network interface is up.', 'Connect this device to a network.')]
  }
  return Promise.all(names.map(multicastCheck))
}

async function multicastCheck(name: string): Promise<Check> {
  const title = `Multicast on ${name}`
  const flags = await readFile(`/sys/class/net/${name}/flags`, 'utf8').catch(() => undefined)
  if (flags === undefined) return check(`multicast.${name}`, title, 'skipped', 'This system does not tell.', null)
  if ((Number.parseInt(flags, 16) & IFF_MULTICAST) !== 0)
    return check(`multicast.${name}`, title, 'ok', `${name} takes multicast.`, null)
  const outcome = name === 'lo' ? 'skipped' : 'warning'
  const fix =
    name === 'lo' ? null : `Run \`ip link set ${name} multicast on\`, or pair with \`holt pair --address HOST\`.`
  return check(`multicast.${name}`, title, outcome, `${name} takes no multicast.`, fix)
}

async function watchCheck({ roots }: DoctorFacts): Promise<Check> {
  const text = await readFile('/proc/sys/fs/inotify/max_user_watches', 'utf8').catch(() => undefined)
  const watched = roots.reduce((sum, root) => sum + root.watched, 0)
  const unwatched = roots.reduce((sum, root) => sum + root.unwatched, 0)
  const title = 'Watching for changes'
  if (unwatched > 0) {
    const fix =
      'Raise the limit: `sysctl fs.inotify.max_user_watches=1048576`, and put it into /etc/sysctl.d. Until then Holt looks through the folders every minute.'
    return check(
      'watches',
      title,
      'warning',
      `${unwatched} directories could not be watched; the limit is ${text?.trim() ?? 'unknown'}.`,
      fix,
    )
  }
  return check(
    'watches',
    title,
    'ok',
    `${watched} directories are watched${text === undefined ? '' : `, ${text.trim()} are allowed`}.`,
    null,
  )
}

function clockCheck(wallMs: number): Check {
  const isSet = wallMs >= CLOCK_MS_MIN
  const now = new Date(wallMs).toISOString()
  return check(
    'clock',
    'Clock',
    isSet ? 'ok' : 'warning',
    `The clock says ${now}.`,
    isSet ? null : 'Set the clock; conflicts are named by it.',
  )
}

async function spaceCheck({ name, path }: DoctorFacts['roots'][number]): Promise<Check> {
  const title = `Space of ${name}`
  const volume = await statfs(path).catch(() => undefined)
  if (volume === undefined) {
    return check(
      `space.${name}`,
      title,
      'failed',
      `${path} cannot be reached.`,
      `Mount its disk, or run \`holt folder move "${name}" NEWPATH\`.`,
    )
  }
  const free = volume.bavail * volume.bsize
  const isEnough = free >= FREE_BYTES_MIN
  return check(
    `space.${name}`,
    title,
    isEnough ? 'ok' : 'warning',
    `${Math.floor(free / 1e6)} MB are free at ${path}.`,
    isEnough ? null : 'Free some space.',
  )
}

async function permissionCheck(home: string): Promise<Check> {
  const mode = (await stat(home)).mode & 0o077
  const isPrivate = mode === 0 || process.platform === 'win32'
  return check(
    'home',
    'Data directory',
    isPrivate ? 'ok' : 'failed',
    `${home} is ${isPrivate ? 'private' : 'open to others'}.`,
    isPrivate ? null : `Run \`chmod 700 ${home}\`.`,
  )
}

function crashCheck(crashes: readonly CrashReport[]): Check {
  const [last] = crashes
  if (last === undefined) return check('crashes', 'Crashes', 'ok', 'No crash is on record.', null)
  return check(
    'crashes',
    'Crashes',
    'warning',
    `${crashes.length} crash reports; the last one: ${last.message}`,
    'Run `holt support-bundle` and report it.',
  )
}

function check(id: string, title: string, outcome: Check['outcome'], detail: string, fix: string | null): Check {
  return { id, title, outcome, detail, fix }
}
