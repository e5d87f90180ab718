/**
 * The engine: which folders this device holds, with whom it talks, and when each stage runs. The only place that decides *when*;
 * what is decided stands in `core/`, how it is done in the other stages.
 */

import type { BlobHash, DeviceId, FolderId } from '../../protocol/ids.ts'
import type { MetaMessage } from '../../protocol/meta-messages.ts'
import { chosenRule } from '../core/retention.ts'
import { createSelection } from '../core/selection.ts'
import type { AbortOptions } from '../ports.ts'
import type { EngineOptions } from './engine-options.ts'
import type { Folder } from './folder.ts'
import { createFolder, decideAgain, hear, hint } from './folder.ts'
import type { FolderHost } from './folder-loops.ts'
import { runFolder } from './folder-loops.ts'
import type { ManifestFolder } from './manifests.ts'
import { isAsked, noticeOf, takeDecision } from './mass-delete.ts'
import { policyMayHaveChanged } from './policy.ts'
import { removeHead } from './publish.ts'
import type { Held, Holding, RemoteState } from './holding.ts'
import { isHeardByAll, orRestart, remoteOf, toHeld } from './holding.ts'
import { isAborted } from './deadline.ts'
import { removeSelection } from './leaving.ts'
import { errorCode } from './error-code.ts'
import type { RecoveryHost } from './recovery.ts'
import { createRecovery, forgetAsked, onRecalled, recover } from './recovery.ts'
import { blobsLanded } from './resolve-pass.ts'
import { removeScrub } from './scrub-state.ts'
import type { Sessions, SessionsHost } from './sessions.ts'
import { createSessions } from './sessions.ts'
import type { FolderSettings } from './settings.ts'
import { loadSettings, removeSettings, saveSettings } from './settings.ts'

export interface Engine {
  held(): readonly Held[]
  get(folder: FolderId): Held | undefined
  folder(id: FolderId): Folder | undefined
  sessions(): Sessions
  /** Takes the manifests of an offered folder, so that it can be compared before it is accepted. @returns whose are whole. */
  follow(folder: FolderId): ReadonlySet<DeviceId>
  /** Begins to hold a folder, for good. `isNew`: it was accepted just now, and an offer's manifest is on its way. */
  hold(settings: FolderSettings, o: { isNew: boolean }): Promise<void>
  /** Stops holding it; the files stay. */
  release(folder: FolderId): Promise<void>
  /** A new name, root or pause; the folder starts anew. */
  change(settings: FolderSettings): Promise<void>
  /** A person's answer to a halt, here or on another device. @returns whether anything waited for it. */
  decide(folder: FolderId, decision: 'approve' | 'reject'): boolean
  /** Blobs that a pull has brought whole. */
  landed(folder: FolderId, hashes: readonly BlobHash[]): void
  /** The queue of pulls has room again: what waits wants its blobs once more. */
  wantAgain(): void
  /** Everything may have changed: after a resume. */
  rescan(): void
  /** The group has changed. Where it is understood no longer, everything stops; else it goes on. */
  groupChanged(): void
  /** Devices left the group: what they said is dropped. */
  forget(devices: Iterable<DeviceId>): void
  run(o: AbortOptions): Promise<void>
}

export function createEngine(options: EngineOptions): Engine {
  return new FolderEngine(options)
}

class FolderEngine implements Engine {
  readonly #o: EngineOptions
  readonly #held = new Map<FolderId, Holding>()
  /** Offers that a person looks at before accepting them. */
  readonly #followed = new Map<FolderId, ManifestFolder & { readonly complete: Set<DeviceId> }>()
  readonly #sessions: Sessions
  #signal: AbortSignal | undefined

  constructor(options: EngineOptions) {
    this.#o = options
    this.#sessions = createSessions(this.#sessionsHost(), options.transport)
  }

  held(): readonly Held[] {
    return [...this.#held.values()].map(toHeld)
  }

  get(folder: FolderId): Held | undefined {
    const holding = this.#held.get(folder)
    return holding === undefined ? undefined : toHeld(holding)
  }

  folder(id: FolderId): Folder | undefined {
    return this.#held.get(id)?.folder
  }

  sessions(): Sessions {
    return this.#sessions
  }

  follow(folder: FolderId): ReadonlySet<DeviceId> {
    const known = this.#followed.get(folder)
    if (known !== undefined) return known.complete
    const followed = { id: folder, deps: this.#o.deps, complete: new Set<DeviceId>() }
    this.#followed.set(folder, followed)
    for (const session of this.#sessions.all()) session.follow(folder)
    return followed.complete
  }

  async hold(settings: FolderSettings, { isNew }: { isNew: boolean }): Promise<void> {
    this.#followed.delete(settings.id)
    await saveSettings(this.#o.deps.state, settings)
    await this.#stop(settings.id)
    this.#start(settings, isNew)
  }

  async release(folder: FolderId): Promise<void> {
    await this.#stop(folder)
    this.#held.delete(folder)
    await removeSettings(this.#o.deps.state, folder)
    await removeHead(folder, this.#o.deps)
    await removeScrub(this.#o.deps.state, folder)
    await removeSelection(folder, this.#o.deps.state)
    this.#o.deps.catalogue.transact({ isDurable: true }, (tx) => tx.dropFolder(folder))
    for (const session of this.#sessions.all()) session.send({ kind: 'drop', folder })
  }

  async change(settings: FolderSettings): Promise<void> {
    await saveSettings(this.#o.deps.state, settings)
    await this.#stop(settings.id)
    this.#start(settings, false)
  }

  decide(folder: FolderId, decision: 'approve' | 'reject'): boolean {
    const holding = this.#held.get(folder)
    if (holding === undefined) return false
    const others = [...holding.remotes.values()]
    const isHere = holding.folder !== undefined && isAsked(holding.folder)
    if (!isHere && others.every(({ halt }) => halt === null)) return false
    if (holding.folder !== undefined) takeDecision(holding.folder, decision, others)
    for (const device of holding.remotes.keys()) {
      this.#sessions.get(device)?.send({ kind: 'decide', folder, approve: decision === 'approve' })
    }
    return true
  }

  landed(folder: FolderId, hashes: readonly BlobHash[]): void {
    const holding = this.#held.get(folder)
    const held = holding?.folder
    if (holding !== undefined && held !== undefined) orRestart(holding, this.#o.deps, () => blobsLanded(held, hashes))
  }

  wantAgain(): void {
    for (const holding of this.#held.values()) {
      const { folder } = holding
      if (folder === undefined) continue
      orRestart(holding, this.#o.deps, () => {
        this.#o.deps.catalogue.transact({ isDurable: false }, (tx) => decideAgain(folder, tx))
        folder.toResolve.raise()
      })
    }
  }

  rescan(): void {
    for (const { folder } of this.#held.values()) if (folder !== undefined) hint(folder, 'all')
  }

  groupChanged(): void {
    const isOutdated = this.#o.membership.isOutdated()
    if (isOutdated) this.#sessions.endAll('the group was changed by a newer Holt')
    for (const { settings, folder } of this.#held.values()) {
      if (isOutdated) this.#o.pulls.unwantFolder(settings.id)
      else if (folder !== undefined) policyMayHaveChanged(folder)
      this.#o.onEvent({ kind: 'folder-changed', folder: settings.id })
    }
  }

  forget(devices: Iterable<DeviceId>): void {
    for (const device of devices) {
      for (const holding of this.#held.values()) {
        holding.remotes.delete(device)
        holding.newer.delete(device)
        this.#o.deps.catalogue.transact({ isDurable: false }, (tx) => tx.forgetPeer(holding.settings.id, device))
        hear(holding.folder)
        holding.folder?.toCompact.raise()
      }
    }
  }

  async run(o: AbortOptions): Promise<void> {
    this.#signal = o.signal
    for (const settings of await loadSettings(this.#o.deps.state)) {
      if (!this.#held.has(settings.id)) this.#start(settings, false)
    }
    try {
      await this.#sessions.run(o)
    } finally {
      await Promise.allSettled([...this.#held.keys()].map((id) => this.#stop(id)))
    }
  }

  // ---- Folders.

  #start(settings: FolderSettings, isNew: boolean): void {
    const known = this.#held.get(settings.id)
    const holding: Holding = {
      settings,
      folder: undefined,
      fault: null,
      recovery: createRecovery(isNew),
      remotes: known?.remotes ?? new Map<DeviceId, RemoteState>(),
      newer: known?.newer ?? new Set<DeviceId>(),
      stop: new AbortController(),
      restart: undefined,
      done: Promise.resolve(),
      mustRecover: false,
    }
    this.#held.set(settings.id, holding)
    const signals = this.#signal === undefined ? [holding.stop.signal] : [holding.stop.signal, this.#signal]
    holding.done = this.#keepRunning(holding, { signal: AbortSignal.any(signals) })
  }

  async #stop(folder: FolderId): Promise<void> {
    const holding = this.#held.get(folder)
    if (holding === undefined) return
    holding.stop.abort(new Error('the folder is stopped'))
    await holding.done
  }

  /** Opens the root and runs the folder; when either fails, again after a while. */
  async #keepRunning(holding: Holding, o: AbortOptions): Promise<void> {
    const { deps, pace } = this.#o
    while (!o.signal.aborted) {
      try {
        await this.#runOnce(holding, o)
      } catch (cause) {
        if (isAborted(o)) return
        holding.fault = { code: errorCode(cause), message: cause instanceof Error ? cause.message : String(cause) }
        deps.log.event('folder.failed', { folder: holding.settings.id, cause: String(cause) })
        this.#o.onEvent({ kind: 'folder-changed', folder: holding.settings.id })
        await deps.clock.sleep(pace.retryMs, o).catch(() => undefined)
      }
    }
  }

  async #runOnce(holding: Holding, o: AbortOptions): Promise<void> {
    const { settings } = holding
    const root = await this.#o.openRoot(settings)
    const restart = new AbortController()
    const signal = AbortSignal.any([o.signal, restart.signal])
    const folder = createFolder({
      ...root,
      id: settings.id,
      deps: this.#o.deps,
      mode: settings.mode,
      selection: createSelection(settings.selection),
      allowsLinksAway: settings.links === 'any',
      policy: () => this.#o.membership.conflictPolicy(settings.id),
    })
    folder.isPaused = settings.isPaused
    folder.isRecovering = holding.mustRecover
    holding.mustRecover = false
    holding.fault = null
    holding.folder = folder
    holding.restart = () => restart.abort(new Error('the folder starts anew'))
    try {
      await using _tree = root.tree
      this.#announce(folder)
      for (const session of this.#sessions.all()) session.follow(folder.id)
      await runFolder(folder, this.#folderHost(holding), { signal })
    } catch (cause) {
      if (!restart.signal.aborted) throw cause
    } finally {
      holding.folder = undefined
      this.#o.pulls.unwantFolder(settings.id)
    }
  }

  #folderHost(holding: Holding): FolderHost {
    const { onEvent, pace, pulls, retention } = this.#o
    const { id } = holding.settings
    return {
      pace,
      pulls,
      retention: chosenRule(retention, holding.settings.retention),
      treeOf: (folder) => this.folder(folder)?.tree,
      mayApply: () => holding.newer.size === 0 && !this.#o.membership.isOutdated(),
      ready: async (folder, o) => recover(folder, holding.recovery, this.#recoveryHost(holding), o),
      onHead: (folder) => this.#announce(folder),
      isHeardByAll: (folder) => isHeardByAll(folder, holding.remotes, this.#o.membership.others()),
      onHalt: (folder) => {
        for (const session of this.#sessions.all()) session.send({ kind: 'halt', folder: id, notice: noticeOf(folder) })
        onEvent({ kind: 'halted', folder: id, halt: folder.halt })
      },
      onLook: (_, event) => onEvent({ ...event, folder: id }),
      onResolved: (_, outcome) => onEvent({ kind: 'resolved', folder: id, outcome }),
      onScrub: (folder) => onEvent({ kind: 'scrubbed', folder: id, damage: folder.damageEvents.splice(0) }),
    }
  }

  #announce(folder: Folder): void {
    for (const session of this.#sessions.all()) session.announce(folder.id)
  }

  #recoveryHost(holding: Holding): RecoveryHost {
    const devices = (of: (remote: { isComplete: boolean; holds: boolean }) => boolean): DeviceId[] =>
      [...holding.remotes]
        .filter(([device, remote]) => of(remote) && this.#sessions.get(device) !== undefined)
        .map(([device]) => device)
    return {
      hasOthers: () => this.#o.membership.others().length > 0,
      isEverybodyHeard: () =>
        this.#o.membership.others().every((device) => this.#sessions.get(device)?.isGreeted() === true),
      holders: () => devices((remote) => remote.holds),
      complete: () => devices((remote) => remote.isComplete),
      onHead: (folder) => this.#announce(folder),
      ask: (device, message: MetaMessage) => this.#sessions.get(device)?.send(message),
    }
  }

  // ---- Sessions.

  #sessionsHost(): SessionsHost {
    const { deps, membership, onEvent, release } = this.#o
    return {
      deps,
      release,
      mayTalk: (device) => membership.isMember(device) && !membership.isOutdated(),
      folder: (id) => this.folder(id),
      wasMember: (device) => membership.wasMember(device),
      manifest: (id) => this.folder(id) ?? this.#followed.get(id),
      folders: () => [...this.#held.values()].flatMap(({ folder }) => (folder === undefined ? [] : [folder])),
      haltNotice: noticeOf,
      onSession: (device, isOpen) => {
        if (!isOpen) this.#sessionEnded(device)
        onEvent({ kind: 'session', device, isOpen })
      },
      onFailure: (device, cause) => onEvent({ kind: 'session-failed', device, cause }),
      onSettled: (device) => onEvent({ kind: 'session-settled', device }),
      onRelease: (device, text) => onEvent({ kind: 'release', device, release: text }),
      onHolds: (device, id, holds) => {
        const holding = this.#held.get(id)
        if (holding !== undefined) remoteOf(holding, device).holds = holds
        if (holds || holding === undefined) return
        deps.catalogue.transact({ isDurable: false }, (tx) => tx.forgetPeer(id, device))
        hear(holding.folder)
      },
      onEntries: (id) => hear(this.folder(id)),
      onNewer: (device, id) => this.#understands(id, device, false),
      onComplete: (id, device) => {
        const holding = this.#held.get(id)
        if (holding !== undefined) remoteOf(holding, device).isComplete = true
        this.#understands(id, device, true)
        this.#followed.get(id)?.complete.add(device)
      },
      onHead: (folder, device, finding) => onEvent({ kind: 'peer-head', folder, device, finding }),
      onAcked: (id, device, position) => this.#said(id, device, { acked: position }),
      onBehind: (folder) => this.#fallenBehind(folder),
      onHalt: (device, id, notice) => this.#said(id, device, { halt: notice }),
      onDecide: (_, folder, approve) => {
        takeDecision(folder, approve ? 'approve' : 'reject', this.#held.get(folder.id)?.remotes.values() ?? [])
      },
      onRecalled: (folder, device, message) => {
        const holding = this.#held.get(folder.id)
        if (holding !== undefined) onRecalled(folder, holding.recovery, device, message)
      },
    }
  }

  #said(id: FolderId, device: DeviceId, news: Partial<RemoteState>): void {
    const holding = this.#held.get(id)
    if (holding === undefined) return
    Object.assign(remoteOf(holding, device), news)
    holding.folder?.toCompact.raise()
    this.#o.onEvent({ kind: 'folder-changed', folder: id })
  }

  #understands(id: FolderId, device: DeviceId, isUnderstood: boolean): void {
    const holding = this.#held.get(id)
    if (holding === undefined || holding.newer.has(device) !== isUnderstood) return
    if (isUnderstood) holding.newer.delete(device)
    else holding.newer.add(device)
    holding.folder?.toResolve.raise()
    this.#o.onEvent({ kind: 'folder-changed', folder: id })
  }

  #sessionEnded(device: DeviceId): void {
    for (const { remotes, recovery } of this.#held.values()) {
      remotes.delete(device)
      forgetAsked(recovery, device)
    }
  }

  /** Another device knows more of us than we do: our catalogue is older than what left us. */
  #fallenBehind(folder: Folder): void {
    const holding = this.#held.get(folder.id)
    if (holding?.folder !== folder || folder.isRecovering) return
    folder.isRecovering = true
    folder.isReady = false
    holding.mustRecover = true
    holding.recovery = createRecovery(false)
    holding.restart?.()
  }
}
