/** Routes of folders, their entries and their conflicts. */

import type { JsonHandlers } from '../handlers.ts'
import type { FolderService } from '../service.ts'

type FolderIds =
  | 'listFolders'
  | 'getFolder'
  | 'addFolder'
  | 'previewFolder'
  | 'acceptFolder'
  | 'changeFolder'
  | 'pauseFolder'
  | 'resumeFolder'
  | 'scanFolder'
  | 'moveFolder'
  | 'removeFolder'
  | 'approveFolder'
  | 'rejectFolder'
  | 'listEntries'
  | 'explainPath'
  | 'overrideFolder'
  | 'revertFolder'
  | 'listConflicts'
  | 'resolveConflict'

export function folderRoutes(service: FolderService): JsonHandlers<FolderIds> {
  return {
    listFolders: () => service.folders(),
    getFolder: ({ params, query }, { signal }) => service.folder(params.folder, { ...query, signal }),
    addFolder: ({ body }, { signal }) => service.addFolder(body, { signal }),
    previewFolder: ({ params, body }, { signal }) => service.previewFolder(params.folder, body, { signal }),
    acceptFolder: ({ params, body }, { signal }) => service.acceptFolder(params.folder, body, { signal }),
    changeFolder: ({ params, body }) => service.changeFolder(params.folder, body),
    pauseFolder: ({ params }) => service.pauseFolder(params.folder),
    resumeFolder: ({ params }) => service.resumeFolder(params.folder),
    scanFolder: ({ params }, { signal }) => service.scanFolder(params.folder, { signal }),
    moveFolder: ({ params, body }) => service.moveFolder(params.folder, body.path, body),
    removeFolder: ({ params, query }) => service.removeFolder(params.folder, query),
    approveFolder: ({ params }) => service.approveFolder(params.folder),
    rejectFolder: ({ params }) => service.rejectFolder(params.folder),
    listEntries: ({ params, query }) => service.entries(params.folder, query),
    explainPath: ({ query }, { signal }) => service.explainPath(query.path, { signal }),
    overrideFolder: ({ params }) => service.overrideFolder(params.folder),
    revertFolder: ({ params }) => service.revertFolder(params.folder),
    resolveConflict: ({ body }, { signal }) => service.resolveConflict(body, { signal }),
    listConflicts: ({ query }) => service.conflicts(query),
  }
}
