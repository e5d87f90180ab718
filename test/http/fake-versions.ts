/** Kept versions of a fake engine: one file that was deleted, and the step that deleted it. */

import type { UndoStep, Version } from '../../protocol/api/versions.ts'
import { deviceIdOf } from '../../protocol/ids.ts'
import type { VersionService } from '../../daemon/http/service.ts'
import { ServiceError } from '../../daemon/http/service.ts'
import { PHOTOS } from './fake-folders.ts'

const [SELF, OTHER] = [1, 2].map((no) => deviceIdOf(new Uint8Array(32).fill(no))) as [
  Version['device'],
  Version['device'],
]
const KEPT_MS = 1_790_000_000_000
const STEP = '20260921-141320-1234567'
const FOLDER = { folder: PHOTOS, folderName: 'Photos' }
const COUNTS = { back: 2, replaced: 1, already: 0, bytes: 4500, left: [], leftCount: 0 }

export function buildVersion(over: Partial<Version> = {}): Version {
  return {
    ...FOLDER,
    ...{
      path: 'a.jpg',
      kind: 'file',
      device: SELF,
      deviceName: 'ada-laptop',
      keptMs: KEPT_MS,
      sizeBytes: 1500,
      hash: null,
    },
    ...{ reason: 'ben deleted it.', step: STEP, by: OTHER, isDeleted: true },
    ...over,
  }
}

export function buildStep(over: Partial<UndoStep> = {}): UndoStep {
  return {
    ...FOLDER,
    ...{ id: STEP, by: OTHER, byName: 'ben', keptMs: KEPT_MS, deleted: 2, replaced: 1, isUndo: false, devices: [SELF] },
    ...over,
  }
}

export function createFakeVersions(): VersionService {
  return {
    versions: async ({ path, after = '' }) => {
      if (path === '/elsewhere') throw new ServiceError('not-in-folder', `${path} lies in no folder.`)
      const isFirst = after === ''
      const version = buildVersion(
        isFirst ? {} : { path: 'b/', kind: 'directory', step: null, by: null, isDeleted: null },
      )
      return { versions: [version], next: isFirst ? 'b' : null, unheard: [], damagedLines: 1 }
    },
    restore: async ({ path, atMs, to, overwrite }) => {
      if (to === '/taken' && !overwrite) throw new ServiceError('target-exists', `${to} is there already.`)
      if (atMs !== undefined && atMs > KEPT_MS)
        throw new ServiceError('nothing-kept', `${path} was not replaced since then.`)
      return { ...FOLDER, path: 'a.jpg', to: to ?? path, device: SELF, deviceName: 'ada-laptop', ...COUNTS }
    },
    undoSteps: async () => ({
      steps: [buildStep()],
      unheard: [{ device: OTHER, name: 'ben', reason: 'It could not be asked.' }],
    }),
    undo: async ({ step = STEP, dryRun }) => {
      if (step !== STEP) throw new ServiceError('step-not-found', `No device knows a step "${step}".`)
      const left = [{ path: 'c.jpg', kind: 'changed', reason: 'It was changed since.' } as const]
      return { step: buildStep(), dryRun, ...COUNTS, left, leftCount: 1, unheard: [] }
    },
  }
}
