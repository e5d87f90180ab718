/** A program that brings a catalogue to another version, and says each step in the middle of it. Killed by its test. */

import { writeSync } from 'node:fs'
import Database from 'better-sqlite3'
import { bringUpToDate } from '../../daemon/catalogue/catalogue.ts'
import { MIGRATIONS } from '../../daemon/catalogue/schema.ts'

/** Steps of later versions, each with a place in its middle where it can be killed. */
const LATER_STEPS = [1, 2, 3, 4].map(
  (n) => `
  create table later_${n} (id integer primary key, body blob not null) strict;
  insert into later_${n} select id, body from entry;
  select pause(${n});
  update later_${n} set body = zeroblob(1000);
  alter table folder add column label_${n} text;
  `,
)

const [file = '', stopAt = ''] = process.argv.slice(2)
const db = new Database(file)
db.function('pause', (step: unknown) => {
  if (String(step) !== stopAt) return 0
  writeSync(1, 'in the middle\n')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  return 1
})
bringUpToDate(db, file, [...MIGRATIONS, ...LATER_STEPS])
db.close()
writeSync(1, 'done\n')
