/** The sending half of the bare program: `sender.ts DIRECTORY tcp|tls PORT`. Begins when a byte comes by stdin. */

import { once } from 'node:events'
import { open, readFile, readdir, stat } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Channel } from './channel.ts'
import { connect } from './channel.ts'
import type { Header } from './frames.ts'
import { encodeEnd, encodeHeader } from './frames.ts'

const PIECE_BYTES = 1024 * 1024
/** Small files that are read at once. */
const IN_FLIGHT = 64

const [directory = '', channel = 'tcp', port = ''] = process.argv.slice(2)
const socket = await connect(channel as Channel, Number(port))
process.stdout.write('ready\n')
await once(process.stdin, 'data')
process.stdin.destroy()
await sendAll()
socket.end(encodeEnd())

async function sendAll(): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (let at = 0; at < paths.length; at += IN_FLIGHT) {
    const group = await Promise.all(paths.slice(at, at + IN_FLIGHT).map(look))
    for (const file of group) {
      if (file.bytes === undefined) await sendLarge(file.header)
      else await write(socket, Buffer.concat([encodeHeader(file.header), file.bytes]))
    }
  }
}

/** A small file with its bytes. */
async function look(path: string): Promise<{ readonly header: Header; readonly bytes: Buffer | undefined }> {
  const { size, mtimeMs } = await stat(path)
  const header = { path: path.slice(directory.length + 1), size, mtimeMs }
  return { header, bytes: size > PIECE_BYTES ? undefined : await readFile(path) }
}

async function sendLarge(header: Header): Promise<void> {
  await write(socket, encodeHeader(header))
  const file = await open(join(directory, header.path))
  for (let at = 0; at < header.size; at += PIECE_BYTES) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, header.size - at))
    await file.read(piece, 0, piece.length, at)
    await write(socket, piece)
  }
  await file.close()
}

async function write(to: Socket, bytes: Buffer): Promise<void> {
  if (!to.write(bytes)) await once(to, 'drain')
}
