/** Rows of logs: this device's own head, segments and epochs, and how far another device's log was taken. */

import type { Signed } from '../../protocol/crypto.ts'
import type { DeviceId, FolderId, SegmentHash } from '../../protocol/ids.ts'
import { parseSegmentHash } from '../../protocol/ids.ts'
import type { CatalogueReader, CatalogueWriter, EpochStart, OwnHead, PeerPosition } from '../catalogue-port.ts'
import { entryAt, entryFromBody, place } from './rows.ts'
import type { Tables } from './rows.ts'
import type { Beside } from './seal.ts'
import { damaged, sealed, unsealed } from './seal.ts'

type LogReader = Pick<
  CatalogueReader,
  'ownHead' | 'epochStart' | 'unpublished' | 'published' | 'publishedCount' | 'segments' | 'peerPosition'
>
type LogWriter = Pick<CatalogueWriter, 'setOwnHead' | 'addDraft' | 'startEpoch' | 'dropOldSegments' | 'setPeerPosition'>

/** In the place of a sequence number: the row says nothing to anybody. */
export const NEVER_PUBLISHED = -1
/** In the place of the next segment's number: it was never seen. */
const NOT_SEEN = -1

export function createLogReader(tables: Tables): LogReader {
  const { sql, folderNo: n } = tables
  return {
    ownHead: (folder) => ownHeadOf(tables, folder),
    epochStart: (folder) => epochStartOf(tables, folder),
    unpublished: (folder, limit) =>
      sql(
        `select entry from own indexed by own_unpublished
         where folder = ? and seq is null order by live desc, parent, name limit ?`,
      )
        .pluck()
        .all(n(folder), limit)
        .map((row) => entryAt(Number(row), tables)),
    published: (folder, after, limit) =>
      sql(
        `select (select body from entry where id = o.entry) from own o
         where o.folder = ? and (o.parent, o.name) > (?, ?) and o.seq > ${NEVER_PUBLISHED} order by o.parent, o.name limit ?`,
      )
        .pluck()
        .all(n(folder), ...(after === null ? ['', ''] : place(after)), limit)
        .map((body) => entryFromBody(body, tables)),
    publishedCount: (folder) =>
      Number(sql(`select count(*) from own where folder = ? and seq > ${NEVER_PUBLISHED}`).pluck().get(n(folder))),
    segments: (folder, epoch, fromSegNo, maxBytes) => segmentsOf(tables, folder, epoch, fromSegNo, maxBytes),
    peerPosition: (folder, device) => peerPositionOf(tables, folder, device),
  }
}

export function createLogWriter(tables: Tables): LogWriter {
  const { sql, folderNo: n } = tables
  return {
    setOwnHead: (folder, head) => setOwnHead(tables, folder, head),
    addDraft: (folder, epoch, segNo, signed) => insertSegment(tables, folder, epoch, segNo, signed),
    startEpoch: (folder, start, head) => {
      setEpochStart(tables, folder, start)
      setOwnHead(tables, folder, head)
    },
    dropOldSegments: (folder, limit) => {
      const old = ['<', '>'].flatMap(
        (side) =>
          sql(
            `select epoch, seg_no as segNo from segment
             where folder = ? and epoch ${side} (select epoch from own_head where folder = ?) limit ?`,
          ).all(n(folder), n(folder), limit) as { epoch: number; segNo: number }[],
      )
      const drop = sql('delete from segment where folder = ? and epoch = ? and seg_no = ?')
      for (const { epoch, segNo } of old) drop.run(n(folder), epoch, segNo)
      return old.length
    },
    setPeerPosition: (folder, device, position) => setPeerPosition(tables, folder, device, position),
  }
}

export function insertSegment(tables: Tables, folder: FolderId, epoch: number, segNo: number, signed: Signed): void {
  tables
    .sql('insert into segment (folder, epoch, seg_no, body, signature) values (?, ?, ?, ?, ?)')
    .run(tables.folderNo(folder), epoch, segNo, sealed(signed.body, [signed.signature]), signed.signature)
}

export interface HeadColumns {
  epoch: number
  last_seq: number
  next_seg_no: number
  last_seg_hash: string | null
  hlc_ms: number
  hlc_counter: number
  body: Uint8Array | null
  signature: Uint8Array | null
}

function ownHeadOf(tables: Tables, folder: FolderId): OwnHead | undefined {
  const row = tables.sql('select * from own_head where folder = ?').get(tables.folderNo(folder)) as
    HeadColumns | undefined
  if (row === undefined) return undefined
  return {
    epoch: row.epoch,
    lastSeq: row.last_seq,
    nextSegNo: row.next_seg_no,
    lastSegHash: segmentHashOf(row.last_seg_hash),
    hlc: { ms: row.hlc_ms, counter: row.hlc_counter },
    signed: row.body === null || row.signature === null ? null : signedOf(row.body, row.signature, headBeside(row)),
  }
}

function signedOf(body: Uint8Array, signature: Uint8Array, beside: Beside = []): Signed {
  return { body: unsealed(body, [signature, ...beside]), signature }
}

/** @throws CatalogueError `corrupt` */
function segmentHashOf(text: string | null): SegmentHash | null {
  if (text === null) return null
  try {
    return parseSegmentHash(text)
  } catch (cause) {
    throw damaged('a hash is none', cause)
  }
}

/** What the check value of an own head covers beside it. */
export function headBeside(row: Omit<HeadColumns, 'body' | 'signature'>): Beside {
  return [row.epoch, row.last_seq, row.next_seg_no, row.last_seg_hash, row.hlc_ms, row.hlc_counter]
}

/** What the check value of a position covers beside the signed head. */
export function positionBeside(row: Omit<PeerColumns, 'body' | 'signature'>): Beside {
  return [row.epoch, row.seq, row.next_seg_no, row.last_seg_hash, row.equivocal]
}

function segmentsOf(tables: Tables, folder: FolderId, epoch: number, fromSegNo: number, maxBytes: number): Signed[] {
  const segments: Signed[] = []
  let bytes = 0
  const rows = tables
    .sql('select body, signature from segment where folder = ? and epoch = ? and seg_no >= ? order by seg_no')
    .iterate(tables.folderNo(folder), epoch, fromSegNo)
  for (const row of rows) {
    const signed = row as Signed
    segments.push(signedOf(signed.body, signed.signature))
    bytes += signed.body.length
    if (bytes >= maxBytes) break
  }
  return segments
}

export interface PeerColumns {
  epoch: number
  seq: number
  next_seg_no: number
  last_seg_hash: string | null
  body: Uint8Array
  signature: Uint8Array
  equivocal: number
}

function peerPositionOf(tables: Tables, folder: FolderId, device: DeviceId): PeerPosition | undefined {
  const row = tables
    .sql('select * from peer_position where folder = ? and device = ?')
    .get(tables.folderNo(folder), tables.deviceIndex(device)) as PeerColumns | undefined
  if (row === undefined) return undefined
  return {
    position: { epoch: row.epoch, seq: row.seq },
    nextSegNo: row.next_seg_no === NOT_SEEN ? null : row.next_seg_no,
    lastSegHash: segmentHashOf(row.last_seg_hash),
    head: signedOf(row.body, row.signature, positionBeside(row)),
    isEquivocal: row.equivocal === 1,
  }
}

export interface StartColumns {
  epoch: number
  seq: number
  previous_epoch: number
  previous_seq: number
  next_seg_no: number
  body: Uint8Array
  signature: Uint8Array
}

/** What the check value of an epoch's start covers beside the signed head. */
export function startBeside(row: Omit<StartColumns, 'body'>): Beside {
  return [row.signature, row.epoch, row.seq, row.previous_epoch, row.previous_seq, row.next_seg_no]
}

function epochStartOf(tables: Tables, folder: FolderId): EpochStart | undefined {
  const row = tables.sql('select * from epoch_start where folder = ?').get(tables.folderNo(folder)) as
    StartColumns | undefined
  if (row === undefined) return undefined
  return {
    signed: { body: unsealed(row.body, startBeside(row)), signature: row.signature },
    position: { epoch: row.epoch, seq: row.seq },
    previous: { epoch: row.previous_epoch, seq: row.previous_seq },
    nextSegNo: row.next_seg_no,
  }
}

function setEpochStart(tables: Tables, folder: FolderId, start: EpochStart): void {
  const { signed, position, previous, nextSegNo } = start
  const row = {
    epoch: position.epoch,
    seq: position.seq,
    previous_epoch: previous.epoch,
    previous_seq: previous.seq,
    next_seg_no: nextSegNo,
    signature: signed.signature,
  }
  tables
    .sql(
      `insert or replace into epoch_start (folder, epoch, seq, previous_epoch, previous_seq, next_seg_no, body, signature)
       values ($folder, $epoch, $seq, $previous_epoch, $previous_seq, $next_seg_no, $body, $signature)`,
    )
    .run({ folder: tables.folderNo(folder), ...row, body: sealed(signed.body, startBeside(row)) })
}

export function setOwnHead(tables: Tables, folder: FolderId, head: OwnHead): void {
  const { epoch, lastSeq, nextSegNo, lastSegHash, hlc, signed } = head
  const columns = [epoch, lastSeq, nextSegNo, lastSegHash, hlc.ms, hlc.counter] as const
  tables
    .sql(
      `insert or replace into own_head (folder, epoch, last_seq, next_seg_no, last_seg_hash, hlc_ms, hlc_counter, body, signature)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      tables.folderNo(folder),
      ...columns,
      signed === null ? null : sealed(signed.body, [signed.signature, ...columns]),
      signed?.signature ?? null,
    )
}

function setPeerPosition(tables: Tables, folder: FolderId, device: DeviceId, peer: PeerPosition): void {
  const nextSegNo = peer.nextSegNo ?? NOT_SEEN
  tables
    .sql(
      `insert or replace into peer_position (folder, device, epoch, seq, next_seg_no, last_seg_hash, body, signature, equivocal)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      tables.folderNo(folder),
      tables.deviceIndex(device),
      peer.position.epoch,
      peer.position.seq,
      nextSegNo,
      peer.lastSegHash,
      sealed(peer.head.body, [
        peer.head.signature,
        peer.position.epoch,
        peer.position.seq,
        nextSegNo,
        peer.lastSegHash,
        peer.isEquivocal ? 1 : 0,
      ]),
      peer.head.signature,
      peer.isEquivocal ? 1 : 0,
    )
}
