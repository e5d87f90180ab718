/** Changes of one large file: how long until they are at the other side, and what goes over the wire for them. */

import { closeSync, copyFileSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from '../contenders/contender.ts'
import type { Row } from '../row.ts'
import { valueOf } from '../row.ts'
import type { Session, Step } from '../session.ts'
import { settleDisk, timed } from '../session.ts'
import { BIG_FILE } from '../sets/big.ts'
import { MIB, createBytes } from '../sets/seeded-bytes.ts'

const ODD_BYTES = 12_345
/** Syncthing's delay is in the rows before these. */
const PROGRAMS: readonly Program[] = ['Holt', 'Syncthing by hand', 'rsync', 'rsync --fsync', 'Unison', 'rclone']

interface Delta {
  readonly id: string
  readonly title: string
  readonly sentence: string
  /** Changes a copy of the file, which is then renamed over it; or the file itself, where `isInPlace`. */
  edit(path: string, bytes: (length: number) => Buffer): void
  readonly isInPlace: boolean
}

const DELTAS: readonly Delta[] = [
  {
    ...{ id: 'edit-big', title: '1 MiB edited in the middle of `big` and 1 MiB appended', isInPlace: true },
    sentence: 'One mebibyte in the middle of the file is overwritten in place, and one is added at its end.',
    edit: (path, bytes) =>
      withFile(path, (fd, size) => {
        writeSync(fd, bytes(MIB), 0, MIB, Math.floor(size / 2))
        writeSync(fd, bytes(MIB), 0, MIB, size)
      }),
  },
  {
    ...{ id: 'insert-front', title: '1 MiB inserted at the front of `big`', isInPlace: false },
    sentence: 'The file with one mebibyte more at its beginning takes the place of the file.',
    edit: (path, bytes) => insert(path, 0, bytes(MIB)),
  },
  {
    ...{ id: 'insert-unaligned', title: '1 MiB + 12,345 B inserted in `big`', isInPlace: false },
    sentence: 'The file with 1 MiB and 12,345 bytes more at a third of its length takes the place of the file.',
    edit: (path, bytes) => withFile(path, (_, size) => insert(path, Math.floor(size / 3), bytes(MIB + ODD_BYTES))),
  },
  {
    ...{ id: 'append-big', title: '1 MiB appended to `big`', isInPlace: true },
    sentence: 'One mebibyte is added at the end of the file.',
    edit: (path, bytes) => withFile(path, (fd, size) => writeSync(fd, bytes(MIB), 0, MIB, size)),
  },
]

export const deltas: readonly Step[] = DELTAS.map((delta, no) => {
  const seconds: Row = { id: delta.id, title: delta.title, unit: 's', sentence: delta.sentence }
  const wire: Row = {
    id: `${delta.id}-wire`,
    title: `${delta.title}, on the wire`,
    unit: 'MiB',
    sentence: 'Of the same change, both directions.',
  }
  return {
    rows: [seconds, wire],
    programs: PROGRAMS,
    measure: async (session) => {
      const found = await apply(session, delta, createBytes(session.o.seed + 100 + no))
      return [...valueOf(seconds, found.seconds), ...valueOf(wire, found.wireMib)]
    },
  }
})

async function apply(session: Session, delta: Delta, bytes: (length: number) => Buffer): ReturnType<typeof timed> {
  const path = join(session.root, BIG_FILE)
  const aside = join(session.o.directory, 'edited')
  if (!delta.isInPlace) {
    copyFileSync(path, aside)
    delta.edit(aside, bytes)
    settleDisk()
  }
  return await timed(session.contender, {
    make: () => (delta.isInPlace ? delta.edit(path, bytes) : renameSync(aside, path)),
    expected: { files: session.files, present: [join(session.set.name, BIG_FILE)], absent: [] },
  })
}

function withFile(path: string, use: (fd: number, size: number) => void): void {
  const fd = openSync(path, 'r+')
  try {
    use(fd, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}

/** Moves what lies behind, the last piece first. */
function insert(path: string, at: number, bytes: Buffer): void {
  withFile(path, (fd, size) => {
    const piece = Buffer.alloc(MIB)
    for (let end = size; end > at;) {
      const length = Math.min(MIB, end - at)
      end -= length
      readSync(fd, piece, 0, length, end)
      writeSync(fd, piece, 0, length, end + bytes.length)
    }
    writeSync(fd, bytes, 0, bytes.length, at)
  })
}
