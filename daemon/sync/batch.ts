/** What one pass does to a folder, under one name: in the versions log, and in the names of the versions that it keeps. */

import type { Content } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import { nameOf } from '../../protocol/path.ts'
import { counterOf } from '../../protocol/vector.ts'
import { stampOf } from '../core/conflict.ts'
import { presentOf } from '../core/local.ts'
import type { Step } from '../core/plan.ts'
import { isStillDamaged } from '../core/scrub.ts'
import type { BatchLabel, VersionName } from '../ports.ts'
import type { Became, Taken } from '../versions-port.ts'
import type { Folder } from './folder.ts'

/** Characters of a file's name that its kept version shows. */
const VERSION_NAME_CHARACTERS = 80

/** One for a whole pass. */
export interface Batch {
  readonly name: string
  nextVersion: number
}

export function newBatch({ deps }: Pick<Folder, 'deps'>): Batch {
  const random = [...deps.random.bytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return { name: `${stampOf(deps.clock.wallMs())}-${random}`, nextVersion: 0 }
}

export function versionName(batch: Batch, path: RelPath): VersionName {
  batch.nextVersion += 1
  return `${batch.name}-${batch.nextVersion}~${[...nameOf(path)].slice(0, VERSION_NAME_CHARACTERS).join('')}` as VersionName
}

/** What the log says of what the steps of a plan take away. What a damaged file holds is kept, and nobody knows its hash. */
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
    changeOf: (path) => {
      const step = steps.get(path)
      // A damaged file is nobody's change, and nothing to take back.
      return step === undefined || isDamaged(path) ? null : takenBy(step)
    },
  }
}

/** The counter of an edit is the second in which its device saw it; every device knows it by that. */
function takenBy({ entry, local }: Step): Taken {
  const { content, modBy, version } = entry
  return { became: becameOf(local?.content ?? content), by: modBy, second: counterOf(version, modBy) }
}

export function becameOf(content: Content): Became {
  return content.kind === 'file' ? content.hash : content.kind
}
