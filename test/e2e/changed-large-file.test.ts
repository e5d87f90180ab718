/** A database in which rows are changed: what crosses the wire for it, and a receiver that is killed while it puts it together. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import { until } from './device.ts'
import { OwnNetwork, ownNetworkSkipReason } from './own-network.ts'
import { same, share, untilInSync, withPair } from './pairs.ts'

const MEBIBYTE = 2 ** 20
const ROW_BYTES = 3000
const ROWS = 20_000
const CHANGED_ROWS = 300
/** A changed row costs its page and what stands beside it in a piece, and the list of pieces is sent, too. */
const SENT_BYTES_MAX = CHANGED_ROWS * 20 * 1024 + MEBIBYTE
const skip = ownNetworkSkipReason()

function fill(path: string): void {
  using database = new DatabaseSync(path)
  database.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, body BLOB)')
  database.exec('BEGIN')
  const insert = database.prepare('INSERT INTO notes (body) VALUES (?)')
  for (let row = 0; row < ROWS; row++) insert.run(randomBytes(ROW_BYTES))
  database.exec('COMMIT')
}

/** Rows here and there, in place. */
function change(path: string): void {
  using database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = MEMORY')
  database.exec('BEGIN')
  const update = database.prepare('UPDATE notes SET body = ? WHERE id = ?')
  for (let row = 0; row < CHANGED_ROWS; row++) update.run(randomBytes(ROW_BYTES), 1 + ((row * 7919) % ROWS))
  database.exec('COMMIT')
}

describe('a database in which 300 rows are changed', () => {
  itInFull(
    'sends their pages, and sends little again when the receiver is killed in the middle',
    { skip, timeout: 120_000 },
    async (t) => {
      using network = await OwnNetwork.open()
      await withPair(
        async (anna, ben) => {
          const { here, there } = await share(anna, ben)
          const path = join(here, 'notes.db')
          fill(path)
          await until('the database', same(here, there))
          await untilInSync(anna, ben)
          const sizeBytes = statSync(path).size

          const before = network.bytes
          change(path)
          await until('its changed rows', same(here, there))
          await untilInSync(anna, ben)
          const sent = network.bytes - before
          t.diagnostic(`${(sent / MEBIBYTE).toFixed(1)} MiB of ${(sizeBytes / MEBIBYTE).toFixed(0)} crossed the wire`)
          assert.ok(sent < SENT_BYTES_MAX, `${sent} bytes`)

          const again = network.bytes
          change(path)
          const incoming = join(there, '.holt/incoming')
          while (!readdirSync(incoming).some((name) => name.endsWith('.part'))) await delay(1)
          await ben.kill()
          assert.equal(same(here, there)(), false, 'it was not there before')
          await ben.start()
          await until('the rows that were changed once more', same(here, there))
          await untilInSync(anna, ben)
          assert.ok(network.bytes - again < 2 * SENT_BYTES_MAX, `${network.bytes - again} bytes`)
        },
        { prefix: () => network.prefix },
      )
    },
  )
})
