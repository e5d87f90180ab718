/** A person at a device who edits at random. What the disk refuses (a file where a directory should be) is no edit. */

import type { Found } from './hands.ts'
import { Errno } from './errno.ts'
import type { Memory } from './memory.ts'
import { newText } from './memory.ts'
import type { SimRandom } from './random.ts'
import type { SimDevice } from './world.ts'

/** A person at a device, with what they and the test around them know. */
export interface Person {
  readonly device: SimDevice
  readonly root: string
  readonly random: SimRandom
  readonly memory: Memory
  /** The texts on which all devices agree at this moment, so that what is deleted of them must stay so. */
  readonly agreed: () => ReadonlySet<string>
  /** Whether this device, and each other that has a file, knows that it has it: else nobody can know that it was deleted. */
  readonly isKnown: (path: string) => boolean
}

const NAMES = ['a', 'b.txt', 'c', 'd.jpg', 'e'] as const
const IGNORED = ['c', '*.jpg', 'b.txt', '/e', '!c'] as const
const DEPTH_MAX = 3
const PADDING_MAX = 64
const IGNORE_FILE = '.holtignore'
/** How the names begin of files that nobody but their author touches, so that what the author deletes must stay so. */
const PRIVATE = 'private-'
const decoder = new TextDecoder()

type Edit = (person: Person, found: readonly Found[]) => void

/** How often which edit is made. */
const EDITS: readonly (readonly [weight: number, edit: Edit])[] = [
  [40, writeAnywhere],
  [18, overwrite],
  [15, removeSomething],
  [14, renameSomething],
  [3, changeCase],
  [4, makeDirectory],
  [3, toggleExecutable],
  [3, touchTime],
  [3, linkSomewhere],
  [3, directoryForFile],
  [3, fileForDirectory],
  [3, copyFile],
  [2, changeIgnored],
  [8, writePrivate],
  [6, removePrivate],
]
const WEIGHT = EDITS.reduce((sum, [weight]) => sum + weight, 0)

/** One random edit below the root. */
export function edit(person: Person): void {
  const { device, root, random } = person
  let dice = random.below(WEIGHT)
  const found = device.hands.walk(root).filter(({ path }) => !path.startsWith(PRIVATE))
  for (const [weight, make] of EDITS) {
    dice -= weight
    if (dice >= 0) continue
    tryTo(() => make(person, found))
    return
  }
}

/** Everything in the root goes. */
export function removeAll(person: Person): void {
  for (const { path } of person.device.hands.walk(person.root)) {
    if (!path.includes('/')) tryTo(() => remove(person, `${person.root}/${path}`))
  }
}

function tryTo(act: () => void): void {
  try {
    act()
  } catch (cause) {
    if (!(cause instanceof Errno)) throw cause
  }
}

// ---- The edits.

function writeAnywhere(person: Person): void {
  write(person, randomPath(person))
}

function overwrite(person: Person, found: readonly Found[]): void {
  const file = someFile(person, found)
  if (file !== undefined) write(person, `${person.root}/${file.path}`)
}

function removeSomething(person: Person, found: readonly Found[]): void {
  const one = some(person, found)
  if (one !== undefined) remove(person, `${person.root}/${one.path}`)
}

function renameSomething(person: Person, found: readonly Found[]): void {
  const { device, root } = person
  const one = some(person, found)
  const to = randomPath(person)
  if (one === undefined) return
  const from = `${root}/${one.path}`
  if (device.hands.exists(to) || to.startsWith(`${from}/`)) return
  touched(person, from)
  device.hands.rename(from, to)
}

/** The same name in other letters: another name where the disk tells them apart. */
function changeCase(person: Person, found: readonly Found[]): void {
  const one = some(person, found)
  if (one === undefined) return
  const [from, name] = [`${person.root}/${one.path}`, one.path.slice(one.path.lastIndexOf('/') + 1)]
  const turned = name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase()
  const to = `${from.slice(0, from.length - name.length)}${turned}`
  if (turned === name || person.device.hands.exists(to)) return
  touched(person, from)
  person.device.hands.rename(from, to)
}

function makeDirectory(person: Person): void {
  person.device.hands.mkdir(randomPath(person))
}

function toggleExecutable(person: Person, found: readonly Found[]): void {
  const file = someFile(person, found)
  if (file === undefined) return
  touched(person, `${person.root}/${file.path}`)
  person.device.hands.chmod(`${person.root}/${file.path}`, !file.isExecutable)
}

function touchTime(person: Person, found: readonly Found[]): void {
  const file = someFile(person, found)
  if (file === undefined) return
  touched(person, `${person.root}/${file.path}`)
  person.memory.retimed.add(decoder.decode(file.content))
  person.device.hands.utimes(
    `${person.root}/${file.path}`,
    person.device.wall.nowMs() - person.random.below(100_000_000),
  )
}

function linkSomewhere(person: Person): void {
  const path = randomPath(person)
  if (!person.device.hands.exists(path)) person.device.hands.symlink(person.random.pick(NAMES), path)
}

function directoryForFile(person: Person, found: readonly Found[]): void {
  const file = someFile(person, found)
  if (file === undefined) return
  const path = `${person.root}/${file.path}`
  remove(person, path)
  write(person, `${path}/${person.random.pick(NAMES)}`)
}

function fileForDirectory(person: Person, found: readonly Found[]): void {
  const directory = some(
    person,
    found.filter(({ kind }) => kind === 'directory'),
  )
  if (directory === undefined) return
  const path = `${person.root}/${directory.path}`
  remove(person, path)
  write(person, path)
}

function copyFile(person: Person, found: readonly Found[]): void {
  const file = someFile(person, found)
  const to = randomPath(person)
  if (file === undefined || person.device.hands.exists(to)) return
  touched(person, `${person.root}/${file.path}`)
  person.device.hands.write(to, file.content)
}

/** What is ignored stays where it is and is no longer anybody's business, so nothing is said of deletions any more. */
function changeIgnored(person: Person): void {
  const { device, root, random, memory } = person
  memory.gone.clear()
  const path = `${root}/${IGNORE_FILE}`
  const text = device.hands.readText(path)
  if (text !== undefined) memory.kept.delete(text)
  if (text !== undefined && random.chance(0.5)) device.hands.remove(path)
  else {
    const own = newText(memory, device.name, 0)
    memory.kept.delete(own)
    device.hands.write(path, `# ${own}\n${random.pick(IGNORED)}\n`)
  }
}

function writePrivate(person: Person): void {
  write(person, `${person.root}/${PRIVATE}${person.device.name}-${person.memory.written}`)
}

function removePrivate(person: Person): void {
  const { device, root, memory } = person
  const own = device.hands.walk(root).filter(({ path }) => path.startsWith(`${PRIVATE}${device.name}`))
  const one = some(person, own)
  if (one === undefined) return
  const isKnown = person.isKnown(one.path)
  remove(person, `${root}/${one.path}`)
  if (isKnown) memory.gone.set(decoder.decode(one.content), device.name)
}

// ---- What they are made of.

function write(person: Person, path: string): void {
  const { device, random, memory } = person
  if (device.hands.exists(path) && device.hands.read(path) === undefined) return
  const before = device.hands.readText(path)
  const text = newText(memory, device.name, random.below(PADDING_MAX))
  try {
    device.hands.write(path, text, { how: random.chance(0.5) ? 'swap' : 'in-place' })
  } catch (cause) {
    memory.kept.delete(text)
    throw cause
  }
  if (before !== undefined) memory.kept.delete(before)
}

function remove(person: Person, path: string): void {
  const { device, root, memory } = person
  const going = textsBelow(device, path)
  const agreed = going.length > 0 ? person.agreed() : new Set()
  for (const text of going) memory.kept.delete(text)
  device.hands.remove(path)
  if (path.endsWith(IGNORE_FILE)) memory.gone.clear()
  if (agreed.size === 0) return
  const left = new Set(textsBelow(device, root))
  for (const text of going)
    if (agreed.has(text) && !left.has(text) && !memory.retimed.has(text)) memory.gone.set(text, device.name)
}

/** A person did something else with a content that was deleted elsewhere meanwhile: it may live on. */
function touched({ device, memory }: Person, path: string): void {
  if (path.endsWith(IGNORE_FILE)) memory.gone.clear()
  if (memory.gone.size > 0) for (const text of textsBelow(device, path)) memory.gone.delete(text)
}

/** The texts of a file, or of all files below a directory. */
export function textsBelow({ hands }: SimDevice, path: string): string[] {
  const text = hands.readText(path)
  if (text !== undefined) return [text]
  return hands.walk(path).flatMap(({ kind, content }) => (kind === 'file' ? [decoder.decode(content)] : []))
}

function some(person: Person, found: readonly Found[]): Found | undefined {
  return found.length === 0 ? undefined : person.random.pick(found)
}

function someFile(person: Person, found: readonly Found[]): Found | undefined {
  return some(
    person,
    found.filter(({ kind, path }) => kind === 'file' && !path.endsWith(IGNORE_FILE)),
  )
}

function randomPath({ root, random }: Person): string {
  const names = Array.from({ length: 1 + random.below(DEPTH_MAX) }, () => random.pick(NAMES))
  return `${root}/${names.join('/')}`
}
