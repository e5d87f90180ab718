/** Some daemons in a simulated world that hold one folder, for tests of what happens between them. */

import type { ConflictPolicy } from '../../protocol/folder-options.ts'
import { KEEP_BOTH } from '../../protocol/folder-options.ts'
import type { FolderMode } from '../../protocol/group.ts'
import { folderIdOf } from '../../protocol/ids.ts'
import type { Beginning, SimDaemon, SimGroup } from '../sim/daemon.ts'
import { ROOT, SimCatalogue, startDaemon } from '../sim/daemon.ts'
import type { SimDevice, World } from '../sim/world.ts'
import { createWorld } from '../sim/world.ts'

export const FOLDER = folderIdOf(new Uint8Array(16).fill(7))
/** Virtual time in which anything has to come about. */
export const PATIENCE_MS = 5 * 60_000

export interface Place {
  readonly device: SimDevice
  /** What it knows, across its lives. */
  readonly catalogue: SimCatalogue
  /** Of its last life. */
  readonly daemon: SimDaemon
  /** Ends the program in the middle of whatever it does; its disk and its catalogue stay as they are. */
  kill(): void
  /** Begins its next life. */
  begin(): void
  /** Loses the catalogue, between two lives. */
  forget(): void
  write(path: string, text: string): void
  remove(path: string): void
  /** Undefined where no file is. */
  read(path: string): string | undefined
}

export interface PlaceOptions {
  /** What happened to its disk before. */
  readonly before?: (device: SimDevice) => void
  /** Left out: send-receive. */
  readonly mode?: FolderMode
}

export interface FolderBench extends AsyncDisposable {
  readonly world: World
  /** How conflicts are settled, in the whole group. */
  policy: ConflictPolicy
  /** Starts a daemon that adds the folder (the first one) or accepts it. */
  place(name: string, o?: PlaceOptions): Place
  /** A device that is a member and runs no daemon; the test speaks for it. */
  member(name: string): SimDevice
  /** The device leaves the group: the others learn of it at once. */
  remove(place: Place): void
  /** The group is understood no longer by the device, or is again. */
  setOutdated(place: Place, isOutdated: boolean): void
  /** @throws Error unless the condition comes to hold in five minutes of virtual time */
  until(what: string, holds: () => boolean): Promise<void>
}

export interface BenchOptions {
  /** Superseded entries from which a log is compacted; left out: as in the daemon. */
  readonly supersededMin?: number
}

export function createFolderBench(seed: number, { supersededMin }: BenchOptions = {}): FolderBench {
  const world = createWorld(seed)
  const places: Place[] = []
  const members = new Set<SimDevice>()
  const outdated = new Set<SimDevice>()
  const admitAll = (): void => {
    for (const { device, daemon } of places) {
      daemon.transport.admit(new Set([...members].flatMap(({ id }) => (id === device.id ? [] : [id]))))
    }
  }
  const bench: FolderBench = {
    world,
    policy: KEEP_BOTH,
    member: (name) => {
      const device = world.device(name)
      members.add(device)
      admitAll()
      return device
    },
    place: (name, { before, mode } = {}) => {
      const device = bench.member(name)
      device.addRoot(ROOT, FOLDER)
      before?.(device)
      const group: SimGroup = {
        folder: FOLDER,
        members: () => [...members].map(({ id }) => id),
        isOutdated: () => outdated.has(device),
        conflictPolicy: () => bench.policy,
        ...(mode !== undefined && { mode }),
        ...(supersededMin !== undefined && { supersededMin }),
      }
      const place = createPlace(device, group, places.length === 0 ? 'added' : 'accepted')
      places.push(place)
      admitAll()
      return place
    },
    remove: ({ device }) => {
      members.delete(device)
      admitAll()
      for (const { daemon } of places) daemon.sync.engine.forget([device.id])
    },
    setOutdated: ({ device, daemon }, isOutdated) => {
      if (isOutdated) outdated.add(device)
      else outdated.delete(device)
      daemon.sync.engine.groupChanged()
    },
    until: async (what, holds) => {
      const isHeld = await world.runUntil(holds, { withinMs: PATIENCE_MS, everyMs: 100 })
      const failure = places.map(({ daemon }) => daemon.failure).find((each) => each !== undefined)
      if (!isHeld) throw new Error(`it never came about: ${what}`, { cause: failure })
    },
    [Symbol.asyncDispose]: async () => {
      for (const place of places) place.kill()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
  return bench
}

function createPlace(device: SimDevice, group: SimGroup, beginning: Beginning): Place {
  const at = (path: string): string => `${ROOT}/${path}`
  const catalogue = new SimCatalogue()
  let daemon = startDaemon(device, catalogue, group, beginning)
  return {
    device,
    catalogue,
    get daemon() {
      return daemon
    },
    kill: () => {
      device.kill({ power: false })
      daemon.end()
    },
    begin: () => {
      daemon = startDaemon(device, catalogue, group, 'again')
    },
    forget: () => catalogue.lose(),
    write: (path, text) => device.hands.write(at(path), text),
    remove: (path) => device.hands.remove(at(path)),
    read: (path) => {
      const found = device.hands.walk(ROOT).find((each) => each.path === path && each.kind === 'file')
      return found === undefined ? undefined : new TextDecoder().decode(found.content)
    },
  }
}
