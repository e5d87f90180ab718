/**
 * A person at a device who edits at random, and remembers what must not get lost: every content that anybody wrote, until a
 * person overwrote or deleted it at a device where it was seen.
 */

import type { SimRandom } from './random.ts'
import type { SimDevice } from './world.ts'

export interface Memory {
  /** Contents that were written, and by no hand taken away. */
  readonly kept: Set<string>
  written: number
}

export function createMemory(): Memory {
  return { kept: new Set(), written: 0 }
}

const NAMES = ['a', 'b.txt', 'c', 'd.jpg', 'e'] as const
const DEPTH_MAX = 3
const decoder = new TextDecoder()

/** One random edit below a root. What the disk refuses (a file where a directory should be) is no edit. */
export function edit(device: SimDevice, root: string, random: SimRandom, memory: Memory): void {
  const { hands } = device
  const found = hands.walk(root)
  const files = found.filter((each) => each.kind === 'file')
  const some = <T>(items: readonly T[]): T | undefined =>
    items.length === 0 ? undefined : items[random.below(items.length)]
  const path = `${root}/${randomPath(random)}`
  const forget = (at: string): void => {
    for (const each of [
      { path: '', kind: 'file' as const, content: hands.read(at) ?? new Uint8Array() },
      ...walkBelow(hands, at),
    ]) {
      if (each.kind === 'file') memory.kept.delete(decoder.decode(each.content))
    }
  }
  const dice = random.below(100)
  const file = some(files)
  try {
    if (dice < 45 || file === undefined) write(device, path, random, memory)
    else if (dice < 60) write(device, `${root}/${file.path}`, random, memory)
    else if (dice < 75) remove(device, `${root}/${(some(found) ?? file).path}`, forget)
    else if (dice < 90) rename(device, `${root}/${(some(found) ?? file).path}`, path)
    else if (dice < 94) hands.mkdir(path)
    else if (dice < 97) hands.chmod(`${root}/${file.path}`, !file.isExecutable)
    else if (!hands.exists(path)) hands.symlink(NAMES[random.below(NAMES.length)] ?? 'a', path)
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause)) throw cause
  }
}

function walkBelow(hands: SimDevice['hands'], at: string): ReturnType<SimDevice['hands']['walk']> {
  return hands.exists(at) && hands.read(at) === undefined ? hands.walk(at) : []
}

function randomPath(random: SimRandom): string {
  const depth = 1 + random.below(DEPTH_MAX)
  return Array.from({ length: depth }, () => NAMES[random.below(NAMES.length)] ?? 'a').join('/')
}

function write(device: SimDevice, path: string, random: SimRandom, memory: Memory): void {
  const { hands } = device
  const isFile = hands.exists(path) && hands.read(path) !== undefined
  if (hands.exists(path) && !isFile) return
  const before = hands.read(path)
  memory.written += 1
  const text = `${device.name} ${memory.written} ${'x'.repeat(random.below(64))}`
  hands.write(path, text, { how: random.below(2) === 0 ? 'swap' : 'in-place' })
  if (before !== undefined) memory.kept.delete(decoder.decode(before))
  memory.kept.add(text)
}

function remove(device: SimDevice, path: string, forget: (at: string) => void): void {
  forget(path)
  device.hands.remove(path)
}

function rename(device: SimDevice, from: string, path: string): void {
  if (device.hands.exists(path) || path.startsWith(`${from}/`)) return
  device.hands.rename(from, path)
}
