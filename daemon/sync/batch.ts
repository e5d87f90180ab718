/** One batch of changes of the disk: its name, the names of what it keeps, and what the versions log says of each. */

import type { RelPath } from '../../protocol/path.ts'
import { nameOf } from '../../protocol/path.ts'
import { stampOf } from '../core/conflict.ts'
import { presentOf } from '../core/local.ts'
import type { Step } from '../core/plan.ts'
import { isStillDamaged } from '../core/scrub.ts'
import type { BatchLabel, VersionName } from '../ports.ts'
import type { Folder } from './folder.ts'

/** Characters of a file's name that its kept version shows. */
const VERSION_NAME_CHARACTERS = 80

export interface Batch {
  readonly name: string
  nextVersion: number
}

export function newBatch({ deps }: Folder): Batch {
  const random = [...deps.random.bytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return { name: `${stampOf(deps.clock.wallMs())}-${random}`, nextVersion: 0 }
}

export function versionName(batch: Batch, path: RelPath): VersionName {
  batch.nextVersion += 1
  return `${batch.name}-${batch.nextVersion}~${[...nameOf(path)].slice(0, VERSION_NAME_CHARACTERS).join('')}` as VersionName
}

/** What a damaged file holds is kept, and nobody knows its hash. */
export function labelOf(folder: Folder, batch: Batch, all: readonly Step[]): BatchLabel {
  const steps = new Map(all.map((step) => [step.entry.path, step]))
  const isDamaged = (path: RelPath): boolean => isStillDamaged(folder.damaged.get(path), steps.get(path)?.own)
  return {
    batch: batch.name,
    reasonOf: (path) => (isDamaged(path) ? 'damaged' : (steps.get(path)?.reason ?? 'newer-elsewhere')),
    hashOf: (path) => {
      if (isDamaged(path)) return null
      const content = presentOf(steps.get(path)?.own)?.content
      return content?.kind === 'file' ? content.hash : null
    },
  }
}
