/** The opaque names that the simulated disk gives to what stands on it, and how it tells them apart. */

import type { BlobLocation, FileIdentity, Fingerprint, VersionName } from '../../daemon/ports.ts'
import type { Inode } from './inode.ts'

export function fingerprintOf(inode: Inode): Fingerprint {
  if (inode.kind === 'directory') return (inode.isMount ? 'directory-mount' : 'directory') as Fingerprint
  return `${inode.sizeBytes}-${inode.mtimeMs}-${inode.number}-${inode.changeNo}` as Fingerprint
}

/** Whether an inode is what a fingerprint shows but for its change time, which renames and links move. */
export function isSameBytes(inode: Inode, expect: Fingerprint): boolean {
  const fingerprint = fingerprintOf(inode)
  return fingerprint.slice(0, fingerprint.lastIndexOf('-')) === expect.slice(0, expect.lastIndexOf('-'))
}

export function identityOf(inode: Inode): FileIdentity {
  return `inode-${inode.number}` as FileIdentity
}

/** The size that the fingerprint of a file or link shows. */
export function sizeIn(fingerprint: Fingerprint): number {
  return Number(fingerprint.slice(0, fingerprint.indexOf('-')))
}

/** The inode that a fingerprint was taken of. */
export function identityIn(fingerprint: Fingerprint): FileIdentity {
  return `inode-${fingerprint.split('-')[2]}` as FileIdentity
}

export function locationOf(path: string): BlobLocation {
  return path as BlobLocation
}

export function toVersionName(text: string): VersionName {
  return text as VersionName
}
