/**
 * A small disk of a daemon's own: a tmpfs in a mount namespace that ends with the daemon's process. Needs no root where the system
 * lets users have namespaces; nothing of the machine's own mounts is touched.
 */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Device } from './device.ts'
import { until } from './device.ts'

/** Why no disk can be made here, or false when it can: what `it(…, { skip })` takes. */
export function ownDiskSkipReason(): string | false {
  if (process.platform !== 'linux') return 'mount namespaces are of Linux'
  const tried = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'holt', '/mnt'])
  return tried.status === 0 ? false : 'needs root, or user namespaces'
}

/** What runs a daemon with a disk of so many MiB at a directory that is there: `prefix` of a device. */
export function ownDiskPrefix(directory: string, mebibytes: number): string[] {
  const script = 'mount -t tmpfs -o "size=$1" holt "$2" && shift 2 && exec "$@"'
  return ['unshare', '-rm', 'sh', '-ec', script, 'sh', `${mebibytes}m`, directory]
}

/** Where this process finds what the daemon finds at a path. */
export function asSeenBy(device: Device, path: string): string {
  return join('/proc', String(device.pid), 'root', path)
}

/**
 * Waits for a moment in which no file is open for writing.
 *
 * @param options as `mount -o remount,…` takes them: `ro`, `size=64m`
 */
export async function remountOf(device: Device, directory: string, options: string): Promise<void> {
  const inside = ['-t', String(device.pid), '-U', '-m', '--preserve-credentials']
  const remount = (): boolean => {
    const { status, stderr } = spawnSync('nsenter', [...inside, 'mount', '-o', `remount,${options}`, directory], {
      encoding: 'utf8',
    })
    if (status !== 0 && !stderr.includes('busy')) throw new Error(stderr)
    return status === 0
  }
  await until(`${directory} is ${options}`, remount)
}
