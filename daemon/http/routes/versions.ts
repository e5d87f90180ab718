/** Routes of kept versions, and of steps that can be taken back. */

import type { JsonHandlers } from '../handlers.ts'
import type { VersionService } from '../service.ts'

type VersionIds = 'listVersions' | 'restoreVersions' | 'listUndoSteps' | 'undo'

export function versionRoutes(service: VersionService): JsonHandlers<VersionIds> {
  return {
    listVersions: ({ query }, { signal }) => service.versions(query, { signal }),
    restoreVersions: ({ body }, { signal }) => service.restore(body, { signal }),
    listUndoSteps: ({ query }, { signal }) => service.undoSteps(query, { signal }),
    undo: ({ body }, { signal }) => service.undo(body, { signal }),
  }
}
