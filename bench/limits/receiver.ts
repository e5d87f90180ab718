/**
 * The receiving half of the bare program: `receiver.ts DIRECTORY tcp|tls`. Durable as Holt is: each file is written under a
 * temporary name and synced, sixteen at a time; then a batch is renamed, and each directory that it touched is synced once.
 */

import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Channel } from './channel.ts'
import { accept } from './channel.ts'
import type { Header } from './frames.ts'
import { ByteReader } from './frames.ts'

const PIECE_BYTES = 1024 * 1024
const IN_FLIGHT = 16
const BATCH_FILES = 1024
const BATCH_BYTES = 64 * 1024 * 1024

const [directory = '', channel = 'tcp'] = process.argv.slice(2)
const incoming = join(directory, '.holt')
await mkdir(incoming, { recursive: true })
const made = new Set<string>()
const flying = new Set<Promise<void>>()
let batch: string[] = []
let batchBytes = 0
let written = 0

const socket = await accept(channel as Channel, (port) => process.stdout.write(`${port}\n`))
await receiveAll(new ByteReader(socket))
process.stdout.write('done\n')

async function receiveAll(reader: ByteReader): Promise<void> {
  for (let header = await reader.header(); header !== undefined; header = await reader.header()) {
    const temporary = join(incoming, String((written += 1)))
    if (header.size > PIECE_BYTES) await receiveLarge(header, temporary, reader)
    else await begin(writeWhole(header, temporary, await reader.exactly(header.size)))
    batch.push(temporary, header.path)
    batchBytes += header.size
    if (batch.length >= 2 * BATCH_FILES || batchBytes >= BATCH_BYTES) await endBatch()
  }
  await endBatch()
}

/** At most so many at once. */
async function begin(writing: Promise<void>): Promise<void> {
  const one = writing.then(() => {
    flying.delete(one)
  })
  flying.add(one)
  if (flying.size >= IN_FLIGHT) await Promise.race(flying)
}

async function writeWhole({ mtimeMs }: Header, temporary: string, bytes: Buffer): Promise<void> {
  const file = await open(temporary, 'wx')
  await file.writeFile(bytes)
  await finish(file, mtimeMs)
}

async function receiveLarge({ size, mtimeMs }: Header, temporary: string, reader: ByteReader): Promise<void> {
  const file = await open(temporary, 'wx')
  let writing: Promise<unknown> = Promise.resolve()
  for (let at = 0; at < size;) {
    const parts = await reader.pieces(Math.min(PIECE_BYTES, size - at))
    // One piece is written while the next one comes.
    await writing
    writing = file.writev(parts, at)
    at += parts.reduce((sum, { length }) => sum + length, 0)
  }
  await writing
  // The next file is received while this one is synced.
  await begin(finish(file, mtimeMs))
}

async function finish(file: FileHandle, mtimeMs: number): Promise<void> {
  await file.utimes(mtimeMs / 1000, mtimeMs / 1000)
  await file.datasync()
  await file.close()
}

async function endBatch(): Promise<void> {
  await Promise.all(flying)
  const touched = new Set<string>()
  for (let i = 0; i < batch.length; i += 2) {
    const [temporary = '', path = ''] = batch.slice(i, i + 2)
    const parent = dirname(join(directory, path))
    if (!made.has(parent)) {
      await mkdir(parent, { recursive: true })
      made.add(parent)
      touched.add(dirname(parent))
    }
    touched.add(parent)
    await rename(temporary, join(directory, path))
  }
  await Promise.all([...touched].map(syncDirectory))
  batch = []
  batchBytes = 0
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync()
  await handle.close()
}
