/** The tables, as numbered migrations. A step is never edited once it has been released; a new one is added. */

import type { Database } from 'better-sqlite3'
import { CatalogueError } from './catalogue-error.ts'
import type { Beside } from './seal.ts'
import { sealed } from './seal.ts'

/** Step i brings a database of version i to version i + 1. */
export const MIGRATIONS: readonly string[] = [
  `
  -- Device 0 is this one. The index is a bit in entry.holders.
  create table device (idx integer primary key, id text not null unique) strict;
  create table folder (n integer primary key, id text not null unique) strict;

  -- Each distinct entry once. kind: 0 file, 1 directory, 2 symlink, 3 deleted. body: the entry's wire form.
  create table entry (
    id integer primary key, folder integer not null, path text not null, kind integer not null, held integer not null,
    conflict integer not null, hash blob, holders integer not null, body blob not null
  ) strict;
  create index entry_path on entry (folder, path);
  create index entry_hash on entry (hash) where hash is not null;

  -- This device's own entries. seq is null until a segment has the entry.
  create table own (
    folder integer not null, parent text not null, name text not null, entry integer not null, live integer not null,
    fingerprint text, seq integer, primary key (folder, parent, name)
  ) strict, without rowid;
  create index own_unpublished on own (folder, live desc, parent, name) where seq is null;
  create index own_entry on own (entry);

  create table total (
    folder integer primary key, live integer not null, files integer not null, bytes integer not null, digest blob not null
  ) strict;
  -- stamp: newer marks have larger ones. waits_for: the blob without which the path cannot go on.
  create table dirty (
    folder integer not null, path text not null, stamp integer not null, waits_for blob, primary key (folder, path)
  ) strict, without rowid;
  create index dirty_waiting on dirty (waits_for) where waits_for is not null;
  create table chunk_list (digest blob primary key, hashes blob not null) strict, without rowid;

  create table own_head (
    folder integer primary key, epoch integer not null, last_seq integer not null, next_seg_no integer not null,
    last_seg_hash text, hlc_ms integer not null, hlc_counter integer not null, body blob, signature blob
  ) strict;
  create table segment (
    folder integer not null, epoch integer not null, seg_no integer not null, body blob not null, signature blob not null,
    primary key (folder, epoch, seg_no)
  ) strict, without rowid;
  create table peer_position (
    folder integer not null, device integer not null, epoch integer not null, seq integer not null, next_seg_no integer not null,
    last_seg_hash text, body blob not null, signature blob not null, equivocal integer not null, primary key (folder, device)
  ) strict, without rowid;
  create table intent (
    folder integer not null, path text not null, batch text not null, body blob not null, arriving text,
    replaced_fingerprint text, keep_as text,
    primary key (folder, path)
  ) strict, without rowid;
  `,
  `
  -- What is on the disk instead of the entry's content, where the device only receives. seq -1: never to be published.
  alter table own add column local blob;
  create index own_local on own (folder, parent, name) where local is not null;
  `,
  // A check value behind each blob (seal.ts), which covers other columns of its row, too.
  `
  update entry set body = sealed(body);
  update own set local = sealed(local) where local is not null;
  update intent set body = sealed(body, path, batch, arriving, replaced_fingerprint, keep_as);
  update chunk_list set hashes = sealed(hashes);
  update segment set body = sealed(body, signature);
  update own_head set body = sealed(body, signature, epoch, last_seq, next_seg_no, last_seg_hash, hlc_ms, hlc_counter)
    where body is not null;
  update peer_position set body = sealed(body, signature, epoch, seq, next_seg_no, last_seg_hash, equivocal);
  `,
  // What is asked often and is true of few rows: the cost of the question follows those.
  `
  create index dirty_ready on dirty (folder, path) where waits_for is null;
  create index entry_conflict on entry (folder, path) where conflict;
  create index entry_not_held on entry (folder, kind, holders) where not held;
  `,
  // How the own epoch began that carries over the one before it; and what differs, so that the question does not cost all rows.
  `
  create table epoch_start (
    folder integer primary key, epoch integer not null, seq integer not null, previous_epoch integer not null,
    previous_seq integer not null, next_seg_no integer not null, body blob not null, signature blob not null
  ) strict;
  create index entry_disputed on entry (folder, path) where held and holders > 1 and not holders & 1;
  -- Found by an index of its own: to compare a key, SQLite reads the whole of a row that stands in the key's tree.
  alter table segment rename to keyed_segment;
  create table segment (
    folder integer not null, epoch integer not null, seg_no integer not null, body blob not null, signature blob not null
  ) strict;
  insert into segment select folder, epoch, seg_no, body, signature from keyed_segment order by folder, epoch, seg_no;
  drop table keyed_segment;
  create unique index segment_no on segment (folder, epoch, seg_no);
  create index own_absent on own (folder, parent, name) where live and fingerprint is null;
  `,
]

/** The version that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length

/** Brings a database to the version after the last step, each step in a transaction of its own. @throws CatalogueError `newer` */
export function migrate(db: Database, steps: readonly string[] = MIGRATIONS): void {
  const found = versionOf(db, steps.length)
  db.function('sealed', { deterministic: true, varargs: true }, toSealed)
  for (const [i, step] of steps.entries()) {
    if (i < found) continue
    db.transaction(() => {
      db.exec(step)
      db.pragma(`user_version = ${i + 1}`)
    })()
  }
}

/** For the steps above: what it does is released with them. */
function toSealed(blob: unknown, ...beside: Beside): Uint8Array {
  if (!(blob instanceof Uint8Array)) throw new TypeError('a column is no blob')
  return Buffer.from(sealed(blob, beside))
}

/** The version of a database, 0 for an empty one. Changes nothing. @throws CatalogueError `newer` when it is above `known`. */
export function versionOf(db: Database, known: number = SCHEMA_VERSION): number {
  const found = Number(db.pragma('user_version', { simple: true }))
  if (found <= known) return found
  throw new CatalogueError(
    'newer',
    `the catalogue was written by a newer Holt (version ${found}, this one knows ${known}); nothing was changed. Update Holt here.`,
  )
}
