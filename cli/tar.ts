/** Small text files in one archive: ustar (POSIX.1-1988, pax), which every system unpacks. */

const BLOCK_BYTES = 512
const NAME_BYTES_MAX = 100

export interface TarFile {
  /** At most 100 bytes of ASCII. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly mtimeMs: number
}

export function packTar(files: readonly TarFile[]): Uint8Array {
  const parts = files.flatMap((file) => [header(file), Buffer.from(file.bytes), padding(file.bytes.length)])
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK_BYTES)])
}

function header({ name, bytes, mtimeMs }: TarFile): Buffer {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) throw new RangeError(`${name} is too long a name for an archive`)
  const block = Buffer.alloc(BLOCK_BYTES)
  block.write(name, 0)
  block.write('0000600\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
  block.write(
    `${Math.floor(mtimeMs / 1000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
  )
  // The checksum counts itself as spaces.
  block.write('        ', 148)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

function padding(length: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES)
}
