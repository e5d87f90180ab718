/** Catalogues that another version of the program wrote. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import Database from 'better-sqlite3'
import { CatalogueError } from '../../daemon/catalogue/catalogue-error.ts'
import { openCatalogue } from '../../daemon/catalogue/catalogue.ts'
import { MIGRATIONS, SCHEMA_VERSION, migrate, versionOf } from '../../daemon/catalogue/schema.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { ANNA, FOLDER, at, entryOf, fileOf } from '../core/entries.ts'
import { fingerprint } from './rows.ts'

/** What a later program may do to the tables. */
const LATER_STEPS = [
  'alter table folder add column label text; update folder set label = id;',
  'create table extra (folder integer primary key, label text) strict; insert into extra select n, label from folder;',
]

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'holt-catalogue-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

function open(file: string): ReturnType<typeof openCatalogue> {
  return openCatalogue({ file, self: ANNA, crypto: createNativeCrypto() })
}

/** A catalogue on disk with one entry, then changed by hand. */
function written(change: (db: Database.Database) => void): string {
  const file = path.join(directory, 'catalogue.db')
  using catalogue = open(file)
  catalogue.transact({ isDurable: true }, (tx) =>
    tx.setOwn(FOLDER, { entry: entryOf('a', fileOf('3')), fingerprint: fingerprint(1) }, 'observed'),
  )
  catalogue[Symbol.dispose]()
  const db = new Database(file)
  change(db)
  db.close()
  return file
}

describe('a catalogue', () => {
  it('of an older version is brought to the newest step by step, and keeps what it holds', () => {
    const db = new Database(written(() => undefined))
    const steps = [...MIGRATIONS, ...LATER_STEPS]
    migrate(db, steps)
    assert.equal(versionOf(db, Infinity), steps.length)
    assert.deepEqual(db.prepare('select label from extra').pluck().all(), [FOLDER])
    migrate(db, steps)
    assert.equal(versionOf(db, Infinity), steps.length)
    db.close()
  })

  it('without any table, the oldest there is, gets all of them', () => {
    const file = path.join(directory, 'empty.db')
    new Database(file).close()
    const row = { entry: entryOf('a', fileOf('3')), fingerprint: fingerprint(1) }
    {
      using catalogue = open(file)
      catalogue.transact({ isDurable: true }, (tx) => tx.setOwn(FOLDER, row, 'observed'))
      assert.deepEqual(
        catalogue.read((tx) => tx.own(FOLDER, at('a'))),
        row,
      )
    }
    const db = new Database(file)
    assert.equal(versionOf(db), SCHEMA_VERSION)
    db.close()
  })

  it('stays at the version before a step that fails, and goes on from there', () => {
    const db = new Database(':memory:')
    const [good, bad] = ['create table one (n integer) strict;', 'create table two (n integer) strict; nonsense;']
    assert.throws(() => migrate(db, [good, bad]), /nonsense/)
    assert.equal(versionOf(db), 1)
    migrate(db, [good, 'create table two (n integer) strict;'])
    assert.equal(versionOf(db, Infinity), 2)
    db.close()
  })

  it('of a newer version is refused with a sentence that says what to do, and is not touched', () => {
    const file = written((db) => {
      migrate(db, [...MIGRATIONS, ...LATER_STEPS])
      db.pragma('journal_mode = delete')
    })
    const before = readFileSync(file)
    assert.throws(
      () => open(file),
      (error) =>
        error instanceof CatalogueError &&
        error.code === 'newer' &&
        error.message ===
          `the catalogue was written by a newer Holt (version ${SCHEMA_VERSION + 2}, this one knows ${SCHEMA_VERSION}); nothing was changed. Update Holt here.`,
    )
    assert.deepEqual(readFileSync(file), before)
  })

  it('of this version has what it had when it is opened again', () => {
    using catalogue = open(written(() => undefined))
    const row = catalogue.read((tx) => tx.own(FOLDER, at('a')))
    assert.deepEqual(row, { entry: entryOf('a', fileOf('3')), fingerprint: fingerprint(1) })
  })
})
