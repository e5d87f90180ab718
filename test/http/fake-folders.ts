/** Folders of a fake engine: what they need to be told apart, and nothing of syncing. */

import type { Conflict, ConflictPage, Entry } from '../../protocol/api/entries.ts'
import type { VerifiedFolder } from '../../protocol/api/verify.ts'
import type { Folder, FolderState, Scan } from '../../protocol/api/folders.ts'
import type { Why } from '../../protocol/api/why.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import type { FolderService } from '../../daemon/http/service.ts'
import { ServiceError } from '../../daemon/http/service.ts'

export const PHOTOS = parseFolderId('11'.repeat(16))
export const MUSIC = parseFolderId('22'.repeat(16))
const NOTHING = { files: 0, bytes: 0 }

export function buildFolder(over: Partial<Folder>): Folder {
  return {
    id: PHOTOS,
    name: 'Photos',
    root: null,
    mode: null,
    conflictPolicy: 'keep-both',
    retention: null,
    selection: null,
    links: null,
    leftOut: 0,
    state: { kind: 'offered' },
    held: NOTHING,
    total: { files: 2, bytes: 30 },
    down: null,
    up: null,
    conflicts: 0,
    localChanges: 0,
    heldBack: 0,
    problems: 0,
    peers: [],
    digest: null,
    lastInSyncMs: null,
    ...over,
  }
}

export function buildEntry(path: string, over: Partial<Entry> = {}): Entry {
  return {
    path,
    kind: 'file',
    state: 'synced',
    reason: null,
    sizeBytes: 15,
    mtimeMs: 1_700_000_000_000,
    executable: false,
    target: null,
    hash: null,
    modBy: null,
    holders: [],
    ...over,
  }
}

const ENTRIES = [buildEntry('a.jpg'), buildEntry('b.jpg', { state: 'missing', reason: 'Nobody has it.' })]

const CONFLICT = {
  kind: 'copy',
  path: 'a.conflict.jpg',
  original: 'a.jpg',
  sizeBytes: 15,
  changedMs: 1_700_000_000_000,
  modBy: null,
  modByName: null,
  versions: [],
} satisfies Omit<Conflict, 'folder' | 'folderName'>

function toPage({ id, name }: Folder): ConflictPage {
  return { conflicts: [{ folder: id, folderName: name, ...CONFLICT }], next: null }
}

export function verifiedOf(name = 'Photos', over: Partial<VerifiedFolder> = {}): VerifiedFolder {
  const counts = { files: 2, bytes: 30, filesTotal: 2, bytesTotal: 30, damaged: 0, repaired: 0, waiting: 0 }
  return { folder: PHOTOS, name, state: 'done', ...counts, damagedVersions: 0, lastCompleteMs: null, ...over }
}

const PREVIEWED = { conflictPolicy: 'keep-both', deletedThere: NOTHING, isLopsided: false } as const

const WHY = {
  folder: { id: PHOTOS, name: 'Photos', root: '/home/ada/Photos', mode: 'send-receive' },
  relative: 'b.jpg',
  state: 'waiting',
  summary: 'Only ada-desktop has it, and is offline.',
  disk: {
    kind: 'nothing',
    sizeBytes: 0,
    mtimeMs: null,
    target: null,
    isAsKnown: null,
    sentence: 'Nothing is there.',
  },
  base: null,
  devices: [],
  verdict: { code: 'newer-elsewhere', sentence: 'Another device changed it later.' },
  obstacles: [{ state: 'waiting', sentence: 'Only ada-desktop has it, and is offline.', commands: [] }],
  kept: [],
  below: null,
} satisfies Omit<Why, 'path'>

function refuseToReject({ name }: Folder): never {
  throw new ServiceError('not-halted', `${name} is not halted.`)
}

function scannedOf({ id, name, root }: Folder): Scan {
  if (root === null) throw new ServiceError('not-held', `${name} is not on this device.`)
  return { folder: id, name, files: 2, changed: 1, problems: 0, tookMs: 12 }
}

/** `Photos` is held in /home/ada/Photos, `Music` is offered; whatever is added gets a number for an id. */
export function createFakeFolders(): FolderService {
  const held = { root: '/home/ada/Photos', mode: 'send-receive', state: { kind: 'in-sync' } } as const
  const folders: Folder[] = [buildFolder(held), buildFolder({ id: MUSIC, name: 'Music' })]

  const find = (ref: string): Folder => {
    const found = folders.filter((each) => each.id === ref || each.name === ref)
    if (found.length > 1) throw new ServiceError('ambiguous-name', `Two folders are called ${ref}.`)
    const [folder] = found
    if (folder === undefined) throw new ServiceError('folder-not-found', `There is no folder ${ref}.`)
    return folder
  }
  const change = (ref: string, over: Partial<Folder>): Folder => {
    const folder = find(ref)
    const changed = { ...folder, ...over }
    folders[folders.indexOf(folder)] = changed
    return changed
  }
  const changeHeld = (ref: string, state: FolderState): Folder => {
    const { root, name } = find(ref)
    if (root === null) throw new ServiceError('not-held', `${name} is not on this device.`)
    return change(ref, { state })
  }

  return {
    folders: async () => ({ folders: [...folders] }),
    folder: async (ref) => find(ref),
    addFolder: async ({ path, name = path.split('/').at(-1) ?? path, ifOffered }) => {
      const isOffered = folders.some((each) => each.name === name && each.root === null)
      if (isOffered && ifOffered === 'refuse') throw new ServiceError('name-offered', `The group offers ${name}.`)
      const id = parseFolderId((folders.length + 1).toString(16).padStart(32, '0'))
      const added = buildFolder({ ...held, id, name, root: path })
      folders.push(added)
      return added
    },
    scanFolder: async (ref) => scannedOf(find(ref)),
    previewFolder: async (ref, { path = '/home/ada/Music', mode = 'send-receive' }) => {
      const { id, name } = find(ref)
      const counts = { same: NOTHING, onlyHere: NOTHING, onlyThere: { files: 2, bytes: 30 }, different: NOTHING }
      const place = { path, exists: true, isEmpty: false, freeBytes: 1000, needsConfirm: true, isComplete: true }
      return { folder: id, name, ...counts, ...place, ...PREVIEWED, mode }
    },
    acceptFolder: async (ref, { path = '/home/ada/Music', confirm }) => {
      if (!confirm) throw new ServiceError('confirm-needed', `${path} has 3 files.`)
      return change(ref, { ...held, root: path })
    },
    changeFolder: async (ref, { conflictPolicy = 'keep-both' }) => change(ref, { conflictPolicy }),
    pauseFolder: async (ref) => changeHeld(ref, { kind: 'paused' }),
    resumeFolder: async (ref) => changeHeld(ref, { kind: 'in-sync' }),
    moveFolder: async (ref, path) => change(ref, { root: path }),
    removeFolder: async (ref, { everywhere }) => {
      const { id, name, root } = find(ref)
      if (everywhere) folders.splice(folders.indexOf(find(ref)), 1)
      else change(ref, { root: null, state: { kind: 'offered' } })
      return { id, name, root, versions: null }
    },
    approveFolder: async (ref) => changeHeld(ref, { kind: 'syncing', missing: NOTHING }),
    rejectFolder: async (ref) => refuseToReject(find(ref)),
    entries: async (ref, { state, limit, after = '' }) => {
      const rest = ENTRIES.filter((each) => each.path > after && (state === 'all' || each.state === state))
      const page = rest.slice(0, limit)
      return { folder: find(ref).id, entries: page, next: rest.length > limit ? (page.at(-1)?.path ?? null) : null }
    },
    conflicts: async ({ folder }) => toPage(find(folder ?? 'Photos')),
    resolveConflict: async ({ path }) => ({ folder: PHOTOS, folderName: 'Photos', path, isDone: true }),
    explainPath: async (path) => ({ path, ...WHY }),
    overrideFolder: async (ref) => find(ref),
    revertFolder: async (ref) => find(ref),
  }
}
