/** Folders: what a person adds, accepts, moves, removes and decides. */

import type {
  AcceptFolder,
  AddFolder,
  Folder as FolderView,
  Preview,
  PreviewFolder,
} from '../../protocol/api/folders.ts'
import type { FolderMode } from '../../protocol/group.ts'
import { folderIdOf } from '../../protocol/ids.ts'
import type { FolderId } from '../../protocol/ids.ts'
import type { FolderService } from '../http/service.ts'
import { ServiceError } from '../http/service.ts'
import type { AbortOptions } from '../ports.ts'
import { listConflicts, resolveConflict } from './conflicts.ts'
import { listEntries } from './entries.ts'
import { changeFolder, overrideFolder, revertFolder } from './folder-choices.ts'
import { toFolderView } from './folder-view.ts'
import { folderSettings } from '../sync/settings.ts'
import type { PathFacts, ServiceParts } from './parts.ts'
import { scanFolder } from './scan.ts'
import { offeredBytes, preview } from './preview.ts'
import { folderOf, heldFolderOf, knownFolders } from './refs.ts'
import type { KnownFolder } from './refs.ts'
import type { Held } from '../sync/holding.ts'
import { checkRoot, makeRoot } from './roots.ts'
import { explainPath } from './why.ts'
import { waitForFolder } from './waiting.ts'

const FOLDER_ID_BYTES = 16
/** What must stay free on a volume: the smaller of these. */
const RESERVE_SHARE = 0.05
const RESERVE_BYTES = 1024 ** 3

export function createFolderService(parts: ServiceParts): FolderService {
  const view = (id: FolderId): FolderView => toFolderView(parts, folderOf(parts, id))
  const change = async (ref: string, settings: { isPaused?: boolean; path?: string }): Promise<FolderView> => {
    const { id, held } = heldFolderOf(parts, ref)
    await parts.sync.engine.change({ ...held.settings, ...settings })
    return view(id)
  }
  const decide = (ref: string, decision: 'approve' | 'reject'): Promise<FolderView> => {
    const { id, name } = folderOf(parts, ref)
    if (!parts.sync.engine.decide(id, decision)) {
      throw new ServiceError('not-halted', `The folder "${name}" does not wait for a decision.`)
    }
    const by = parts.transport.self
    parts.events.publish({ kind: 'folder.decided', folder: id, name, isApproved: decision === 'approve', by })
    return Promise.resolve(view(id))
  }
  return {
    folders: () => Promise.resolve({ folders: knownFolders(parts).map((known) => toFolderView(parts, known)) }),
    folder: async (ref, o) => toFolderView(parts, await waitForFolder(parts, ref, o)),
    addFolder: (request, o) => addFolder(parts, request, o),
    previewFolder: (ref, request, o) => previewFolder(parts, ref, request, o),
    acceptFolder: (ref, request, o) => acceptFolder(parts, ref, request, o),
    changeFolder: async (ref, request) => toFolderView(parts, await changeFolder(parts, ref, request)),
    pauseFolder: (ref) => change(ref, { isPaused: true }),
    resumeFolder: (ref) => change(ref, { isPaused: false }),
    scanFolder: (ref, o) => scanFolder(parts, ref, o),
    moveFolder: (ref, path, { adopt }) => moveFolder(parts, ref, path, adopt),
    removeFolder: (ref, { everywhere }) => removeFolder(parts, ref, everywhere),
    approveFolder: (ref) => decide(ref, 'approve'),
    rejectFolder: (ref) => decide(ref, 'reject'),
    entries: (ref, query) => Promise.resolve(listEntries(parts, heldFolderOf(parts, ref), query)),
    resolveConflict: (request, o) => resolveConflict(parts, request, o),
    explainPath: (path, o) => explainPath(parts, path, o),
    overrideFolder: async (ref) => toFolderView(parts, await overrideFolder(parts, ref)),
    revertFolder: async (ref) => toFolderView(parts, await revertFolder(parts, ref)),
    conflicts: (query) => Promise.resolve(listConflicts(parts, query)),
  }
}

// ---- Adding and accepting.

async function addFolder(parts: ServiceParts, request: AddFolder, o: AbortOptions): Promise<FolderView> {
  const facts = await parts.machine.inspect(request.path)
  if (!facts.exists) throw new ServiceError('path-not-found', `${request.path} does not exist.`)
  const marked = knownFolders(parts).find(({ id, held }) => id === facts.marker && held === undefined)
  // Its files were this folder's before: adding them again is accepting it again.
  if (marked !== undefined) {
    if (request.name !== undefined && request.name !== marked.name)
      throw new ServiceError(
        'root-marked',
        `${facts.realPath} is of the folder "${marked.name}", which the group still has; it cannot be added as "${request.name}".`,
        { nextStep: `Run the command again without --name to have "${marked.name}" here again.` },
      )
    return acceptFolder(parts, marked.id, { ...joining(request), confirm: true }, o)
  }
  const here = knownFolders(parts).find(({ held }) => held?.settings.path === facts.realPath)
  if (here !== undefined)
    throw new ServiceError('already-held', `${facts.realPath} is the folder "${here.name}" already.`)
  const name = request.name ?? lastComponent(facts.realPath)
  const named = knownFolders(parts).find((known) => known.name.toLowerCase() === name.toLowerCase())
  if (named !== undefined && request.ifOffered !== 'new') {
    if (named.held !== undefined)
      throw new ServiceError(
        'name-taken',
        `This device already has a folder "${named.name}" at ${named.held.settings.path}.`,
      )
    if (request.ifOffered === 'join') return acceptFolder(parts, named.id, joining(request), o)
    throw new ServiceError(
      'name-offered',
      `The group already offers a folder "${named.name}". Join it with this directory, or make another one.`,
      {
        nextStep: 'Run the command again with --join or with --new.',
      },
    )
  }
  await checkRoot(parts, facts, facts.marker)
  const id =
    facts.marker !== null && !isKnown(parts, facts.marker)
      ? facts.marker
      : folderIdOf(parts.deps.random.bytes(FOLDER_ID_BYTES))
  if (facts.marker !== null && facts.marker !== id)
    throw new ServiceError('root-marked', `${facts.realPath} already belongs to another folder.`)
  await makeRoot(parts, facts.realPath, id)
  const unique = named === undefined ? name : uniqueName(parts, name)
  const verdict = await parts.groupLog.setFolder({ folder: id, name: unique, defaultMode: 'send-receive', options: [] })
  if (verdict !== 'allowed') throw new ServiceError(verdict, `The group does not take the folder: ${verdict}.`)
  const { mode = 'send-receive' } = request
  await parts.sync.engine.hold(folderSettings({ id, name: unique, path: facts.realPath, mode }), { isNew: false })
  parts.events.publish({ kind: 'folder.added', folder: id, name: unique, root: facts.realPath })
  return toFolderView(parts, folderOf(parts, id))
}

/** Adding a directory to what the group offers already. */
function joining({ path, confirm, mode }: AddFolder): AcceptFolder {
  return { path, waitMs: 0, confirm, ...(mode !== undefined && { mode }) }
}

function isKnown(parts: ServiceParts, id: FolderId): boolean {
  return knownFolders(parts).some((known) => known.id === id)
}

function lastComponent(path: string): string {
  return path.split(/[/\\]/).filter(Boolean).at(-1) ?? 'Folder'
}

function uniqueName(parts: ServiceParts, name: string): string {
  const names = new Set(knownFolders(parts).map((known) => known.name.toLowerCase()))
  for (let i = 2; ; i += 1) if (!names.has(`${name} ${i}`.toLowerCase())) return `${name} ${i}`
}

async function previewFolder(
  parts: ServiceParts,
  ref: string,
  request: PreviewFolder,
  o: AbortOptions,
): Promise<Preview> {
  const known = await waitForFolder(parts, ref, { ...o, waitMs: request.waitMs })
  const path = request.path ?? parts.machine.proposedPath(known.name)
  const facts = await checkTarget(parts, known, path)
  const mode = request.mode ?? defaultModeOf(parts, known)
  const found = await preview(parts, known, path, facts, { ...o, waitMs: request.waitMs, mode })
  if (mode !== 'send-only') checkSpace(known, facts, found.onlyThere.bytes + found.different.bytes)
  return found
}

async function acceptFolder(
  parts: ServiceParts,
  ref: string,
  request: AcceptFolder,
  o: AbortOptions,
): Promise<FolderView> {
  const known = await waitForFolder(parts, ref, { ...o, waitMs: request.waitMs })
  const path = request.path ?? parts.machine.proposedPath(known.name)
  const facts = await checkTarget(parts, known, path)
  if (!facts.isEmpty && !request.confirm && facts.marker !== known.id) {
    throw new ServiceError('confirm-needed', `${path} is not empty.`, {
      nextStep: 'Look at the preview, then run the command again with --yes.',
    })
  }
  if (facts.isEmpty) checkSpace(known, facts, offeredBytes(parts, known))
  await makeRoot(parts, facts.realPath, known.id)
  const mode = request.mode ?? defaultModeOf(parts, known)
  await parts.sync.engine.hold(folderSettings({ id: known.id, name: known.name, path: facts.realPath, mode }), {
    isNew: true,
  })
  parts.events.publish({ kind: 'folder.added', folder: known.id, name: known.name, root: facts.realPath })
  return toFolderView(parts, folderOf(parts, known.id))
}

/** What the group says that a device does with a folder unless it chooses otherwise. */
function defaultModeOf({ groupLog }: ServiceParts, { id }: KnownFolder): FolderMode {
  return groupLog.state.folders.get(id)?.defaultMode ?? 'send-receive'
}

async function checkTarget(parts: ServiceParts, known: KnownFolder, path: string): Promise<PathFacts> {
  if (known.held !== undefined)
    throw new ServiceError('already-held', `This device already has "${known.name}" at ${known.held.settings.path}.`)
  const facts = await parts.machine.inspect(path)
  if (!facts.parentExists) throw new ServiceError('parent-missing', `The directory above ${path} does not exist.`)
  await checkRoot(parts, facts, known.id)
  return facts
}

/** @throws ServiceError `no-space` */
function checkSpace({ name }: KnownFolder, { realPath, freeBytes, volumeBytes }: PathFacts, neededBytes: number): void {
  const spareBytes = Math.max(0, freeBytes - Math.min(volumeBytes * RESERVE_SHARE, RESERVE_BYTES))
  if (neededBytes <= spareBytes) return
  const [needed, spare] = [neededBytes, spareBytes].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`)
  throw new ServiceError('no-space', `"${name}" needs ${needed}, and the disk of ${realPath} has ${spare} to spare.`)
}

// ---- Moving and removing.

async function moveFolder(parts: ServiceParts, ref: string, path: string, adopt: boolean): Promise<FolderView> {
  const { id, name, held } = heldFolderOf(parts, ref)
  const facts = await parts.machine.inspect(path)
  if (!facts.exists) throw new ServiceError('path-not-found', `${path} does not exist.`)
  if (!facts.isDirectory) throw new ServiceError('not-a-directory', `${path} is not a directory.`)
  if (facts.marker !== id) {
    if (!adopt) throw unmarked(path, name)
    await adoptRoot(parts, facts, { id, name, held })
  }
  await parts.sync.engine.change({ ...held.settings, path: facts.realPath })
  parts.events.publish({ kind: 'folder.moved', folder: id, name, root: facts.realPath })
  return toFolderView(parts, folderOf(parts, id))
}

function unmarked(path: string, name: string): ServiceError {
  return new ServiceError(
    'root-unmarked',
    `${path} is not where "${name}" was moved to: its marker .holt is not there.`,
    {
      nextStep: `Name the directory that it is in now. If this is it, and only .holt was lost: \`holt folder move ${JSON.stringify(name)} ${JSON.stringify(path)} --adopt\`.`,
    },
  )
}

/** A person says that this is the folder. What the base knows stays, so an empty directory would say that all was deleted. */
async function adoptRoot(
  parts: ServiceParts,
  facts: PathFacts,
  { id, name, held }: { id: FolderId; name: string; held: Held },
): Promise<void> {
  const { live } = parts.deps.catalogue.read((tx) => tx.totals(id))
  if (facts.isEmpty && live > 0)
    throw new ServiceError('root-unmarked', `${facts.realPath} is empty: it is not the directory of "${name}".`, {
      nextStep: `Is its disk mounted? If its files are gone: \`holt folder remove\`, then \`holt accept\`, and they come from the other devices.`,
    })
  const isElsewhere = facts.realPath !== held.settings.path
  if (isElsewhere || facts.marker !== null) await checkRoot(parts, facts, id)
  await makeRoot(parts, facts.realPath, id)
}

async function removeFolder(
  parts: ServiceParts,
  ref: string,
  everywhere: boolean,
): ReturnType<FolderService['removeFolder']> {
  const { id, name, held } = folderOf(parts, ref)
  if (held === undefined && !everywhere)
    throw new ServiceError('not-held', `The folder "${name}" is not on this device.`)
  if (everywhere) {
    const verdict = await parts.groupLog.withdrawFolder(id)
    if (verdict !== 'allowed' && verdict !== 'not-found')
      throw new ServiceError('not-allowed', `The offer cannot be withdrawn: ${verdict}.`)
  }
  if (held !== undefined) await parts.sync.engine.release(id)
  parts.notes.forgetFolder(id)
  parts.events.publish({ kind: 'folder.removed', folder: id, name })
  const root = held?.settings.path ?? null
  return { id, name, root, versions: root === null ? null : `${root}/.holt/versions` }
}
