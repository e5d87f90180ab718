/** One daemon on one device: the only file that knows every room. It builds each part once, and joins them. */

import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { DeviceId } from '../protocol/ids.ts'
import { folderIdOf } from '../protocol/ids.ts'
import { deriveRecovery } from '../protocol/recovery.ts'
import { openBlobStore } from './blobs/store.ts'
import type { OpenedCatalogue } from './catalogue/catalogue-file.ts'
import { openOrRenew } from './catalogue/catalogue-file.ts'
import { incomingDirectory } from './disk/context.ts'
import { readGroupCopies, writeGroupCopy } from './disk/group-copies.ts'
import { createThreads } from './daemon-threads.ts'
import type { Threads } from './threads-port.ts'
import { createRoot, probeTraits } from './disk/create-root.ts'
import type { DiskTree } from './disk/file-tree.ts'
import { openFileTree, rootState } from './disk/file-tree.ts'
import { TreeError } from './disk/disk-error.ts'
import { inspectPath, localFiles } from './disk/local-files.ts'
import { saveFile } from './disk/save-file.ts'
import { openStateFiles } from './disk/state-files.ts'
import { createEventLog } from './http/event-log.ts'
import type { Identity } from './identity-file.ts'
import { createMachine } from './machine.ts'
import { createNativeCrypto, createSigner } from './native-crypto.ts'
import type { Libp2pPeerTransport } from './peers/transport.ts'
import type { Random } from './ports.ts'
import type { EventFeed } from './service/event-feed.ts'
import { createEventFeed } from './service/event-feed.ts'
import { GroupCopies } from './service/group-copies.ts'
import type { Notes } from './service/notes.ts'
import { openNotes } from './service/notes.ts'
import { policyOf } from './service/folder-choices.ts'
import type { ServiceParts } from './service/parts.ts'
import { nameOf } from './service/refs.ts'
import { Troubles } from './service/troubles.ts'
import type { Suspicions } from './service/suspicions.ts'
import { openSuspicions } from './service/suspicions.ts'
import { Uploads } from './service/uploads.ts'
import { toWarning } from './service/warnings.ts'
import type { DeviceSync } from './sync/device-sync.ts'
import { createDeviceSync } from './sync/device-sync.ts'
import type { Deps } from './sync/folder.ts'
import { GroupKeeper } from './sync/group-keeper.ts'
import type { GroupLog } from './sync/group-log.ts'
import type { Limits } from './sync/limits.ts'
import type { Latch } from './sync/latch.ts'
import { createLatch } from './sync/latch.ts'
import { PairingDesk } from './sync/pair-invite.ts'
import type { EngineEvent, OpenRoot } from './sync/engine-options.ts'
import type { FolderSettings } from './sync/settings.ts'
import { createSystemClock } from './system-clock.ts'
import type { DaemonOptions } from './daemon-opening.ts'
import { foundOrOpen, openHttp, openTransport, settledIdentity } from './daemon-opening.ts'
import { limitsFor } from './daemon-limits.ts'
import { paceOf } from './daemon-pace.ts'
import { pairRunner } from './daemon-pair.ts'
import { giveBack, heapBytes, holdHeap, runAll } from './daemon-running.ts'
import type { Rest } from './rest.ts'
import { createRest } from './rest.ts'

/** The id of a directory that is only looked at. */
const NO_FOLDER = folderIdOf(new Uint8Array(16))
/** Threads that list and hash. */
const DISK_THREADS = 2
const STATE_DIRECTORY = 'state'

export interface Daemon extends AsyncDisposable {
  readonly socketPath: string
  readonly tcpAddress: string | undefined
  readonly port: number
  /**
   * Resolves when somebody asked it to end; `leave`: to begin anew under a new identity, `renew`: with a new catalogue. Rejects
   * when it cannot go on.
   */
  readonly ended: Promise<'stop' | 'leave' | 'renew'>
}

/** Resolves when it answers. @throws coded errors that say what to do: ConfigError, HomeError, PeerError, HttpError, StateError */
export async function startDaemon(o: DaemonOptions): Promise<Daemon> {
  await using stack = new AsyncDisposableStack()
  const clock = createSystemClock()
  const crypto = createNativeCrypto()
  const random: Random = { bytes: (length) => randomBytes(length) }
  const state = await openStateFiles(join(o.config.home, STATE_DIRECTORY))
  const identity = await settledIdentity(o, state)
  const catalogueFile = stack.use(openOrRenew(o.config.home, o.log, { self: identity.signer.device, crypto }))
  const threads = stack.use(createThreads(DISK_THREADS))
  const deps: Deps = {
    clock,
    random,
    log: o.log,
    crypto,
    signer: identity.signer,
    catalogue: catalogueFile.catalogue,
    state,
  }
  const rest = stack.use(createRest({ clock, heapBytes, giveBack: () => giveBack(catalogueFile) }))
  const groupLog = await foundOrOpen(o, deps, identity)
  const notes = stack.use(await openNotes(deps))
  const suspicions = stack.use(await watchSuspicions(deps, () => running.parts))
  const transport = stack.use(await openTransport(o, deps, identity))
  const running: Running = buildDaemon(o, {
    deps,
    groupLog,
    transport,
    threads,
    identity,
    catalogueFile,
    notes,
    suspicions,
    limits: await limitsFor(o.config, deps),
    rest,
  })
  stack.use(running.copies)
  const stop = new AbortController()
  // The others are dialled before the API is loaded and made: while a handshake waits for them, there is time for that.
  const { staticAddresses, discovery: isDiscovering } = o.config
  const isDialled = (device: DeviceId): boolean => transport.knowsAddress(device)
  const work = runAll({ ...running, isDiscovering, isDialled, staticAddresses }, { signal: stop.signal })
  // Whoever waits for the end hears of it; until there is somebody, it is no crash.
  work.catch(() => undefined)
  stack.defer(async () => {
    stop.abort(new Error('the daemon stops'))
    await work.catch(() => undefined)
  })
  const http = stack.use(await openHttp(o, running.parts, state))
  holdHeap()
  const moved = stack.move()
  return {
    socketPath: http.socketPath,
    tcpAddress: http.tcpAddress,
    port: transport.port,
    ended: Promise.race([
      running.ended,
      catalogueFile.corrupt.then(() => 'renew' as const),
      work.then(() => 'stop' as const),
    ]),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

// ---- How the parts are joined.

interface Opened {
  readonly deps: Deps
  readonly groupLog: GroupLog
  readonly transport: Libp2pPeerTransport
  readonly threads: Threads
  readonly identity: Identity
  readonly catalogueFile: OpenedCatalogue
  readonly notes: Notes
  readonly suspicions: Suspicions
  readonly limits: Limits
  readonly rest: Rest
}

interface Running {
  readonly parts: ServiceParts
  readonly sync: DeviceSync
  readonly keeper: GroupKeeper
  readonly copies: GroupCopies
  readonly sessionBegun: Latch
  readonly ended: Promise<'stop' | 'leave'>
}

function buildDaemon(o: DaemonOptions, opened: Opened): Running {
  const { deps, groupLog, transport, identity, notes } = opened
  const trees = new Map<string, DiskTree>()
  const events = createEventLog({ clock: deps.clock })
  const feed = createEventFeed(() => parts)
  const troubles = new Troubles((device, detail) =>
    events.publish({ kind: 'device.trouble', device, name: nameOf({ groupLog }, device), detail }),
  )
  const ended = Promise.withResolvers<'stop' | 'leave'>()
  const uploads = watchUploads(deps, feed)
  const sessionBegun = createLatch()
  const sync = buildSync(
    o,
    opened,
    trees,
    uploads,
    (event) => {
      opened.rest.stir()
      // A root may have come, moved, or come back.
      if (event.kind === 'observed') copies.touch()
      if (event.kind === 'session' && event.isOpen) sessionBegun.raise()
      feed.onEngine(event)
    },
    feed,
  )
  const keeper = buildKeeper(opened, troubles)
  const copies = buildCopies(opened, sync)
  groupLog.onChange((after, before) => {
    copies.touch()
    for (const device of after.removed.keys()) if (before.members.has(device)) opened.suspicions.forget(device)
    sync.engine.forget([...after.removed.keys()].filter((device) => before.members.has(device)))
    sync.engine.groupChanged()
    feed.onGroup(after, before)
  })
  const { clock, random } = deps
  const { exchangeKey } = identity
  const pairPorts = { transport, clock, random, log: groupLog, platform: process.platform, exchangeKey }
  const parts: ServiceParts = {
    deps,
    sync,
    groupLog,
    groupKeeper: keeper,
    desk: new PairingDesk(pairPorts),
    pairPorts,
    transport,
    events,
    feed,
    machine: buildMachine(o, opened, sync, trees),
    pairs: pairRunner({ home: o.config.home, threads: opened.threads, crypto: deps.crypto, clock, random }),
    facts: {
      version: o.version,
      platform: process.platform,
      pid: process.pid,
      home: o.config.home,
      startedMs: deps.clock.wallMs(),
      damagedCatalogue: opened.catalogueFile.damaged,
    },
    notes,
    troubles,
    suspicions: opened.suspicions,
    limits: opened.limits,
    uploads,
    signerOfWords: (words) => createSigner(deriveRecovery(words).signingSeed),
    stop: (how) => ended.resolve(how),
  }
  return { parts, sync, keeper, copies, sessionBegun, ended: ended.promise }
}

function buildKeeper({ deps, groupLog, transport, suspicions }: Opened, troubles: Troubles): GroupKeeper {
  const { clock, random } = deps
  return new GroupKeeper(
    { transport, clock, log: groupLog },
    {
      random,
      onExchange: ({ device, wasMember, result }) => {
        deps.log.event('group.exchanged', { device, result: result.kind })
        if (wasMember) troubles.exchanged(device, result)
        if (!wasMember || result.kind !== 'in-step') return
        if (result.isRolledBack) suspicions.noticed(device, 'rolled-back', null)
        else suspicions.over(device, 'rolled-back', null)
      },
      onFailure: (device, cause) => deps.log.event('group.failed', { device, cause: String(cause) }),
    },
  )
}

function buildCopies({ deps, groupLog }: Opened, sync: DeviceSync): GroupCopies {
  return new GroupCopies({
    log: groupLog,
    store: { write: writeGroupCopy, read: readGroupCopies },
    crypto: deps.crypto,
    events: deps.log,
    roots: () => sync.engine.held().map(({ settings: { id, path } }) => ({ id, path })),
  })
}

function buildMachine(
  o: DaemonOptions,
  { deps, threads }: Opened,
  sync: DeviceSync,
  trees: ReadonlyMap<string, DiskTree>,
): ServiceParts['machine'] {
  return createMachine({
    ...o,
    clock: deps.clock,
    homeDirectory: homedir(),
    roots: () => rootFacts(sync, trees),
    createRoot: async (path, folder) => {
      await createRoot({ path, folder })
    },
    inspect: inspectPath,
    saveFile,
    groupCopies: readGroupCopies,
    localFiles: (path, options) =>
      localFiles(path, NO_FOLDER, { threads, crypto: deps.crypto, clock: deps.clock }, options),
  })
}

function watchSuspicions(deps: Deps, parts: () => ServiceParts): Promise<Suspicions> {
  return openSuspicions({
    ...deps,
    onNews: (suspicion) => {
      const { device } = suspicion
      const warning = toWarning(parts(), suspicion)
      parts().events.publish({ kind: 'device.warning', device, name: nameOf(parts(), device), warning })
    },
  })
}

function watchUploads({ clock }: Deps, feed: EventFeed): Uploads {
  return new Uploads({ clock, emit: (event) => feed.onUpload(event) })
}

/** Folders, transfers and sessions. */
function buildSync(
  o: DaemonOptions,
  { deps, groupLog, transport, threads, limits, rest }: Opened,
  trees: Map<string, DiskTree>,
  uploads: Uploads,
  onEvent: (event: EngineEvent) => void,
  feed: EventFeed,
): DeviceSync {
  return createDeviceSync({
    deps,
    transport,
    membership: {
      isMember: (device) => groupLog.isMember(device),
      wasMember: (device) => groupLog.state.names.has(device),
      isOutdated: () => groupLog.state.hasUnknownKind,
      conflictPolicy: (folder) => policyOf({ groupLog }, folder),
      others: () => [...groupLog.state.members.keys()].filter((device) => device !== transport.self),
    },
    pace: paceOf(o.config),
    limits,
    retention: { days: o.config.versionsDays, volumeShare: o.config.versionsPercent / 100, perPath: null, bytes: null },
    release: `${o.version} ${process.platform}`,
    openRoot: (settings) => openRoot(settings, deps, threads, trees),
    onEvent,
    onTransfer: (event) => {
      rest.stir()
      feed.onTransfer(event)
    },
    onPullFault: (fault) => deps.log.event(`pull.${fault.kind}`, {}),
    onSent: (device, part) => {
      rest.stir()
      uploads.sent(device, part)
    },
  })
}

function rootFacts(
  sync: DeviceSync,
  trees: ReadonlyMap<string, DiskTree>,
): { name: string; path: string; watched: number; unwatched: number }[] {
  return sync.engine.held().map(({ settings: { id, name, path } }) => {
    const status = trees.get(id)?.watchStatus()
    return { name, path, watched: status?.watched ?? 0, unwatched: status?.failed ?? 0 }
  })
}

async function openRoot(
  settings: FolderSettings,
  deps: Deps,
  threads: Threads,
  trees: Map<string, DiskTree>,
): Promise<OpenRoot> {
  const { id, path } = settings
  const state = await rootState(path, id)
  if (state === 'missing') throw new TreeError('missing', `${path} is not there.`)
  if (state === 'unmarked') throw new TreeError('unmarked', `${path} is there, but not the folder that it was.`)
  const traits = await probeTraits(path)
  const tree = await openFileTree({ path, folder: id, traits, clock: deps.clock, crypto: deps.crypto, threads })
  trees.set(id, tree)
  return { tree, incoming: await openBlobStore({ directory: incomingDirectory(path), crypto: deps.crypto, threads }) }
}
