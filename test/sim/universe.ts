/** What the devices of a run do with the folder, and how the group settles conflicts: in most runs as at the first start. */

import type { ConflictPolicy } from '../../protocol/folder-options.ts'
import { KEEP_BOTH } from '../../protocol/folder-options.ts'
import type { FolderMode } from '../../protocol/group.ts'
import { verdictAt } from '../../daemon/sync/decide.ts'
import { heldBack, override, revert } from '../../daemon/sync/follow-choices.ts'
import type { Folder } from '../../daemon/sync/folder.ts'
import { entriesOf, wish } from '../../daemon/sync/wish.ts'
import type { Memory } from './memory.ts'
import { createMemory } from './memory.ts'
import type { SimRandom } from './random.ts'
import type { SimDevice } from './world.ts'

export interface Universe {
  readonly policy: ConflictPolicy
  modeOf(name: string): FolderMode
  /** What a person at a device writes, and what becomes of it, is remembered apart where it goes no further. */
  memoryOf(name: string, shared: Memory): Memory
  /** Contents that lose may be in the versions only. */
  readonly mayLose: boolean
  /** What was deleted may come back from a device that takes no deletions. */
  readonly mayReturn: boolean
  /** Logs are compacted as soon as they can be. */
  readonly compacts: boolean
}

const PLAIN: Universe = {
  policy: KEEP_BOTH,
  modeOf: () => 'send-receive',
  memoryOf: (_, shared) => shared,
  mayLose: false,
  mayReturn: false,
  compacts: false,
}
/** Texts of devices that only receive are numbered from here: no other text is called alike. */
const APART_FROM = 1_000_000

/** @param devices the first of them sends and receives in every universe. */
export function chooseUniverse(random: SimRandom, devices: readonly SimDevice[]): Universe {
  const compacts = random.fork('compaction').chance(0.5)
  if (random.chance(0.5)) return { ...PLAIN, compacts }
  const policy = choosePolicy(random, devices)
  const modes = new Map<string, FolderMode>()
  for (const [i, { name }] of devices.entries()) modes.set(name, i === 0 ? 'send-receive' : chooseMode(random, modes))
  const apart = new Map(devices.map(({ name }) => [name, { ...createMemory(), written: APART_FROM }]))
  const modeOf = (name: string): FolderMode => modes.get(name) ?? 'send-receive'
  const hasSender = [...modes.values()].includes('send-only')
  return {
    policy,
    modeOf,
    memoryOf: (name, shared) => (modeOf(name).startsWith('receive') ? (apart.get(name) ?? shared) : shared),
    mayLose: policy.kind !== 'keep-both' || hasSender,
    mayReturn: hasSender,
    compacts,
  }
}

function choosePolicy(random: SimRandom, devices: readonly SimDevice[]): ConflictPolicy {
  const kind = random.pick(['keep-both', 'keep-both', 'newest', 'prefer', 'manual'] as const)
  return kind === 'prefer' ? { kind, device: random.pick(devices).id } : { kind }
}

/** At most one that only sends: two of them would override each other for ever. */
function chooseMode(random: SimRandom, chosen: ReadonlyMap<string, FolderMode>): FolderMode {
  const mode = random.pick(['send-receive', 'send-only', 'receive-only', 'receive-archive'] as const)
  return mode === 'send-only' && [...chosen.values()].includes(mode) ? 'send-receive' : mode
}

/** A person ends what modes and policies leave different. */
export function endDifferences(folder: Folder, random: SimRandom): void {
  switch (folder.mode) {
    case 'send-receive':
      if (folder.policy().kind === 'manual') chooseContents(folder, random)
      return
    case 'send-only':
      for (const _ of heldBack(folder)) {
        override(folder)
        return
      }
      return
    case 'receive-only':
    case 'receive-archive':
      if (hasLocal(folder)) revert(folder)
  }
}

function hasLocal({ deps, id }: Folder): boolean {
  return deps.catalogue.read((tx) => tx.localChanges(id, null, 1000)).some(({ local }) => local?.isUnwanted === false)
}

const PATHS_MAX = 1000

function chooseContents(folder: Folder, random: SimRandom): void {
  for (const path of folder.deps.catalogue.read((tx) => tx.disputed(folder.id, null, PATHS_MAX))) {
    if (verdictAt(folder, path).reason !== 'conflict-waits') continue
    const all = folder.deps.catalogue.read((tx) => entriesOf(tx, folder, path))
    const chosen = random.chance(0.3) ? 'both' : random.pick(all.filter(({ content }) => content.kind !== 'deleted'))
    wish(folder, path, chosen)
  }
}

/** For people: what the devices do with the folder. */
export function describeUniverse(universe: Universe, names: readonly string[]): string {
  return `conflicts: ${universe.policy.kind}; ${names.map((name) => `${name} ${universe.modeOf(name)}`).join(', ')}`
}
