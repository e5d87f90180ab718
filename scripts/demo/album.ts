/** A folder of photos and documents, the same for the same seed. */

import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const KIB = 1024
const PHOTOS = 24
const PHOTO_BYTES_MIN = 60 * KIB
const PHOTO_BYTES_MAX = 420 * KIB
const PLACES = ['Harbour', 'Forest', 'Grandmother', 'Lisbon', 'Snow', 'Garden']
const WORDS = 'the light on that morning was clear and we walked along the water until the café opened its doors'.split(
  ' ',
)

/** A number from 0 up to and without 1, the same for the same seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Writes the folder and says what is in it. */
export async function writeAlbum(root: string, seed: number): Promise<{ files: number; bytes: number }> {
  const random = seeded(seed)
  const files = new Map<string, Uint8Array>()
  for (let no = 1; no <= PHOTOS; no++) {
    const place = PLACES[no % PLACES.length] ?? ''
    files.set(`Photos/2026/${place}/IMG_${String(1000 + no)}.jpg`, drawPhoto(random))
  }
  files.set('Documents/Plan for the summer.txt', Buffer.from(writeText(random, 12)))
  files.set('Documents/Rezepte/Käsespätzle.md', Buffer.from(`# Käsespätzle\n\n${writeText(random, 8)}`))
  files.set('Documents/Letters/To Ada.txt', Buffer.from(writeText(random, 30)))
  files.set('Documents/empty.txt', new Uint8Array())
  files.set('Documents/count-photos.sh', Buffer.from('#!/bin/sh\nfind . -name "*.jpg" | wc -l\n'))
  let bytes = 0
  for (const [path, content] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
    bytes += content.length
  }
  await chmod(join(root, 'Documents/count-photos.sh'), 0o755)
  await symlink('../Photos/2026', join(root, 'Documents/this year'))
  await mkdir(join(root, 'Photos/2027'))
  return { files: files.size, bytes }
}

/** The frame of a JPEG (ITU-T T.81, JFIF) around bytes that no compressor shrinks. */
export function drawPhoto(random: () => number): Uint8Array {
  const head = [0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
  const length = Math.floor(PHOTO_BYTES_MIN + random() * (PHOTO_BYTES_MAX - PHOTO_BYTES_MIN))
  const photo = new Uint8Array(length)
  // 0xff begins a marker, so it does not occur inside.
  for (let at = head.length; at < length - 2; at++) photo[at] = Math.floor(random() * 255)
  photo.set(head)
  photo.set([0xff, 0xd9], length - 2)
  return photo
}

function writeText(random: () => number, lines: number): string {
  const line = (): string => Array.from({ length: 9 }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ')
  return Array.from({ length: lines }, () => `${line()}.\n`).join('')
}
