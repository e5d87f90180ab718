/**
 * One conversation with one device over `/holt/meta/1`, from hello to goodbye. Both sides say which folders they hold and where
 * their logs stand; each asks for what it lacks; afterwards new segments are pushed as they are made.
 *
 * What is to be sent is kept as a question ("the head of F", "segments from 7 on") and answered when the frame is written, so the
 * queue stays small however much there is to send.
 */

import type { Signed } from '../../protocol/crypto.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import { FOLDERS_MAX, HEAD_BYTES_MAX, SESSION_SILENCE_MS } from '../../protocol/limits.ts'
import type { Position } from '../../protocol/manifest.ts'
import type { MetaMessage } from '../../protocol/meta-messages.ts'
import { decodeMetaMessage, encodeMetaMessage } from '../../protocol/meta-messages.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { OwnHead } from '../catalogue-port.ts'
import type { AbortOptions, PeerStream } from '../ports.ts'
import type { Folder } from './folder.ts'
import { createLatch } from './latch.ts'
import { assessAck } from '../core/session.ts'
import type { HeadOutcome } from './manifests.ts'
import { acceptHead, acceptSegments } from './manifests.ts'
import { recalledPage } from './recall.ts'
import type { HeadFinding, SessionHost } from './session-host.ts'

/** By how much a ping may be later, in milliseconds. */
const PING_SLACK_MS = 2000
/** Bytes of segments that one frame carries at most, unless a single one is larger. */
const FRAME_SEGMENT_BYTES = 1024 * 1024
/** Questions that a peer may leave unanswered. */
const OUTBOX_MAX = 4096

export interface Session {
  readonly remote: DeviceId
  /** Whether the other side has said which folders it holds. */
  isGreeted(): boolean
  /** Our head of a folder moved, or we hold it since now. */
  announce(folder: FolderId): void
  send(message: MetaMessage): void
  /** Takes the remote device's manifest of a folder that was not taken before: it is followed or held only now. */
  follow(folder: FolderId): void
  /** Ends it, as if the connection were lost. */
  end(reason: string): void
  /** Runs until either side leaves. @throws ProtocolError when the other breaks the protocol; PeerError when it is gone. */
  run(o: AbortOptions): Promise<void>
}

type Outgoing = () => MetaMessage | undefined

interface State {
  readonly host: SessionHost
  readonly stream: PeerStream
  readonly outbox: Outgoing[]
  readonly announced: Set<FolderId>
  /** Folders that the remote device holds. */
  readonly held: Set<FolderId>
  /** From which own segment on the remote has nothing, where that is known. */
  readonly pushFrom: Map<FolderId, { epoch: number; segNo: number }>
  /** The remote device's last heads, of folders that are not held here too. */
  readonly heads: Map<FolderId, Signed>
  /** Folders of which the remote device was told that it has two logs. */
  readonly told: Set<FolderId>
  /** Folders of which the remote device was asked how their epoch began. */
  readonly askedStart: Set<FolderId>
  readonly toSend: ReturnType<typeof createLatch>
  isGreeted: boolean
}

export function createSession(host: SessionHost, stream: PeerStream): Session {
  const state: State = {
    host,
    stream,
    outbox: [],
    announced: new Set(),
    held: new Set(),
    pushFrom: new Map(),
    heads: new Map(),
    told: new Set(),
    askedStart: new Set(),
    toSend: createLatch(),
    isGreeted: false,
  }
  return {
    remote: stream.remote,
    isGreeted: () => state.isGreeted,
    announce: (folder) => {
      state.announced.add(folder)
      state.toSend.raise()
    },
    send: (message) => {
      if (hasRoom(state)) ask(state, () => message)
      else stream.abort('the other side takes nothing')
    },
    follow: (folder) => {
      const head = state.heads.get(folder)
      if (state.held.has(folder)) holds(state, folder)
      if (head !== undefined) takeHead(state, folder, head)
    },
    end: (reason) => stream.abort(reason),
    run: (o) => run(state, o),
  }
}

async function run(state: State, o: AbortOptions): Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([o.signal, ended.signal])
  ask(state, () => hello(state.host))
  const loops = [readLoop(state, { signal }), writeLoop(state, { signal }), pingLoop(state, { signal })]
  try {
    await Promise.race(loops)
  } finally {
    ended.abort(new Error('the session has ended'))
    state.stream.abort('the session has ended')
    await Promise.allSettled(loops)
  }
}

function hasRoom(state: State): boolean {
  return state.outbox.length < OUTBOX_MAX
}

function ask(state: State, outgoing: Outgoing): void {
  if (!hasRoom(state)) throw new ProtocolError('too-large', 'a peer asks for more than it takes')
  state.outbox.push(outgoing)
  state.toSend.raise()
}

// ---- Sending.

async function writeLoop(state: State, o: AbortOptions): Promise<void> {
  for (;;) {
    const message = nextMessage(state)
    if (message === undefined) await state.toSend.wait(o)
    else await state.stream.write(encodeMetaMessage(message), o)
  }
}

/** Undefined: nothing is to be said before the latch is raised again. */
function nextMessage(state: State): MetaMessage | undefined {
  for (;;) {
    const outgoing = state.outbox.shift()
    if (outgoing === undefined) return nextAnnouncement(state)
    const message = outgoing()
    if (message !== undefined) return message
  }
}

async function pingLoop(state: State, o: AbortOptions): Promise<void> {
  for (;;) {
    await state.host.deps.clock.sleep(SESSION_SILENCE_MS / 3, { ...o, slackMs: PING_SLACK_MS })
    if (state.outbox.length === 0) ask(state, () => ({ kind: 'ping' }))
  }
}

function hello(host: SessionHost): MetaMessage {
  const folders = host.folders().flatMap((folder) => {
    const head = signedHead(folder)
    return head === undefined ? [] : [{ folder: folder.id, head, halt: host.haltNotice(folder) }]
  })
  return { kind: 'hello', release: host.release, folders }
}

function signedHead(folder: Folder): Signed | undefined {
  return folder.deps.catalogue.read((tx) => tx.ownHead(folder.id))?.signed ?? undefined
}

/** A push of the new segments where the remote is known to have all before them; else the head, and it asks. */
function nextAnnouncement(state: State): MetaMessage | undefined {
  if (!state.isGreeted) return undefined
  for (const id of state.announced) {
    state.announced.delete(id)
    const folder = state.host.folder(id)
    const head = folder === undefined ? undefined : signedHead(folder)
    if (folder === undefined || head === undefined) continue
    const from = state.pushFrom.get(id)
    if (from !== undefined && state.held.has(id)) return segmentsFrom(state, folder, head, from.epoch, from.segNo)
    return { kind: 'head', folder: id, head }
  }
  return undefined
}

function segmentsFrom(state: State, folder: Folder, head: Signed, epoch: number, segNo: number): MetaMessage {
  const { segments, own } = folder.deps.catalogue.read((tx) => ({
    segments: tx.segments(folder.id, epoch, segNo, FRAME_SEGMENT_BYTES),
    own: tx.ownHead(folder.id),
  }))
  if (segments.length === 0 || own?.epoch !== epoch) return { kind: 'head', folder: folder.id, head }
  state.pushFrom.set(folder.id, { epoch, segNo: segNo + segments.length })
  return { kind: 'segments', folder: folder.id, head, segments }
}

// ---- Receiving.

async function readLoop(state: State, o: AbortOptions): Promise<void> {
  for (;;) {
    const frame = await state.stream.read(o)
    if (frame === undefined) return
    const message = decodeMetaMessage(frame)
    if (state.isGreeted === (message.kind === 'hello')) {
      throw new ProtocolError('out-of-turn', 'a session begins with one hello')
    }
    receive(state, message)
  }
}

function receive(state: State, message: MetaMessage): void {
  const { host, stream } = state
  switch (message.kind) {
    case 'hello':
      state.isGreeted = true
      host.onRelease(stream.remote, message.release)
      for (const each of message.folders) {
        host.onHalt(stream.remote, each.folder, each.halt)
        holds(state, each.folder)
        takeHead(state, each.folder, each.head)
      }
      state.toSend.raise()
      return
    case 'head':
      if (!state.held.has(message.folder)) {
        holds(state, message.folder)
        state.announced.add(message.folder)
        state.toSend.raise()
      }
      takeHead(state, message.folder, message.head)
      return
    case 'want':
      takeWant(state, message)
      return
    case 'segments':
      takeSegments(state, message)
      return
    case 'ack':
      takeAck(state, message.folder, message.position)
      return
    case 'recall':
      answerRecall(state, message.folder, null)
      return
    case 'drop':
      state.held.delete(message.folder)
      state.heads.delete(message.folder)
      host.onHolds(stream.remote, message.folder, false)
      return
    case 'halt':
      host.onHalt(stream.remote, message.folder, message.notice)
      return
    case 'decide':
    case 'recalled':
      takeForFolder(state, message)
      return
    case 'ping':
      return
  }
}

function holds(state: State, folder: FolderId): void {
  if (!state.held.has(folder) && state.held.size >= FOLDERS_MAX) throw tooManyFolders()
  state.held.add(folder)
  state.host.onHolds(state.stream.remote, folder, true)
}

function takeForFolder(state: State, message: Extract<MetaMessage, { kind: 'decide' | 'recalled' }>): void {
  const folder = state.host.folder(message.folder)
  if (folder === undefined) return
  if (message.kind === 'decide') state.host.onDecide(state.stream.remote, folder, message.approve)
  else state.host.onRecalled(folder, state.stream.remote, message)
}

function tooManyFolders(): ProtocolError {
  return new ProtocolError('too-large', 'a peer speaks of more folders than a group has')
}

/** It is kept as it came, of folders too that are not held here. */
function keepHead({ heads }: State, id: FolderId, head: Signed): void {
  if (head.body.length > HEAD_BYTES_MAX) throw new ProtocolError('too-large', 'a head is too large')
  if (!heads.has(id) && heads.size >= FOLDERS_MAX) throw tooManyFolders()
  heads.set(id, head)
}

function takeHead(state: State, id: FolderId, head: Signed): void {
  const folder = state.host.manifest(id)
  keepHead(state, id, head)
  if (folder === undefined) return
  const outcome = unlessNewer(state, id, () =>
    acceptHead(folder, state.stream.remote, head, { mayAsk: !state.askedStart.has(id) }),
  )
  if (outcome === undefined) return
  state.host.onHead(id, state.stream.remote, findingOf(outcome))
  if (outcome.kind === 'want') {
    ask(state, () => ({ kind: 'want', folder: id, epoch: outcome.epoch, fromSegNo: outcome.fromSegNo }))
  } else if (outcome.kind === 'complete') {
    state.askedStart.delete(id)
    ask(state, () => ({ kind: 'ack', folder: id, position: outcome.position }))
    state.host.onComplete(id, state.stream.remote)
  } else if (outcome.kind === 'go-on' || outcome.kind === 'ask-start') {
    if (outcome.kind === 'ask-start') state.askedStart.add(id)
    ask(state, () => ({ kind: 'ack', folder: id, position: outcome.position }))
  } else {
    folder.deps.log.event(`peer.${outcome.kind}`, { device: state.stream.remote, folder: id })
    if (outcome.kind === 'stale') ask(state, () => ({ kind: 'ack', folder: id, position: outcome.known }))
    else sayForked(state, id, outcome.epoch)
  }
}

function findingOf({ kind }: HeadOutcome): HeadFinding {
  return kind === 'stale' ? 'rolled-back' : kind === 'equivocation' ? 'forked' : 'in-order'
}

/**
 * Asks for what no log of the device has: one that was restored from a backup learns by it that it had gone on, recalls its
 * manifest, and begins a new epoch. Said once in a session, since one that lies does not care.
 */
function sayForked(state: State, id: FolderId, epoch: number): void {
  if (state.told.has(id)) return
  state.told.add(id)
  ask(state, () => ({ kind: 'want', folder: id, epoch, fromSegNo: Number.MAX_SAFE_INTEGER }))
}

function takeSegments(state: State, message: Extract<MetaMessage, { kind: 'segments' }>): void {
  const { folder: id, segments, head } = message
  const folder = state.host.manifest(id)
  const take = (): boolean =>
    folder !== undefined && acceptSegments(folder, state.stream.remote, segments, head, state.host.wasMember)
  const isChanged = unlessNewer(state, id, take)
  if (isChanged === true) state.host.onEntries(id, state.stream.remote)
  // What cannot be understood is not asked for again: it stays the same until either side changes.
  if (isChanged !== undefined) takeHead(state, id, head)
}

/** One folder that only a newer Holt understands does not keep the others from going on. */
function unlessNewer<T>({ host, stream }: State, folder: FolderId, take: () => T): T | undefined {
  try {
    return take()
  } catch (cause) {
    if (!(cause instanceof ProtocolError) || cause.code !== 'unknown-version') throw cause
    host.deps.log.event('peer.newer', { device: stream.remote, folder })
    host.onNewer(stream.remote, folder)
    return undefined
  }
}

/** Who asks for what was never made has seen another end of our log, which this catalogue has lost. */
function takeWant(state: State, { folder: id, epoch, fromSegNo }: Extract<MetaMessage, { kind: 'want' }>): void {
  const folder = state.host.folder(id)
  const own = folder?.deps.catalogue.read((tx) => tx.ownHead(id))
  if (folder !== undefined && own?.epoch === epoch && fromSegNo >= own.nextSegNo) state.host.onBehind(folder)
  else answer(state, id, (held, head) => segmentsFrom(state, held, head, epoch, fromSegNo))
}

function takeAck(state: State, id: FolderId, position: Position): void {
  const folder = state.host.folder(id)
  const { own, start } = state.host.deps.catalogue.read((tx) => ({ own: tx.ownHead(id), start: tx.epochStart(id) }))
  if (folder !== undefined && own !== undefined) {
    const step = assessAck(own, start, position)
    if (step.kind === 'push-from') pushFrom(state, id, own, step.segNo)
    else if (step.kind === 'show-start') ask(state, () => ({ kind: 'head', folder: id, head: step.head }))
    else if (step.kind === 'fallen-behind') state.host.onBehind(folder)
  }
  state.host.onAcked(id, state.stream.remote, position)
}

/** What follows is sent at once, also to a side that does not hold the folder and only looks at it: to that nothing is pushed. */
function pushFrom(state: State, id: FolderId, { epoch, nextSegNo }: OwnHead, segNo: number): void {
  if (segNo === nextSegNo) state.pushFrom.set(id, { epoch, segNo })
  else answer(state, id, (held, head) => segmentsFrom(state, held, head, epoch, segNo))
}

function answer(state: State, id: FolderId, reply: (folder: Folder, head: Signed) => MetaMessage): void {
  ask(state, () => {
    const folder = state.host.folder(id)
    const head = folder === undefined ? undefined : signedHead(folder)
    return folder === undefined || head === undefined ? undefined : reply(folder, head)
  })
}

/** Page by page: the next is read when the one before has been sent. */
function answerRecall(state: State, id: FolderId, after: RelPath | null): void {
  ask(state, () => {
    const folder = state.host.folder(id)
    if (folder === undefined) return undefined
    const page = recalledPage(folder, state.stream.remote, after)
    if (!page.isLast) answerRecall(state, id, page.entries.at(-1)?.path ?? null)
    return page
  })
}
