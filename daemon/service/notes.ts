/**
 * What a person may ask of devices and folders later, and what is in no catalogue: when a device was last here and what it
 * runs, when a folder was last in sync, since when it has halted, whether the daemon ended by itself. Only for people, so a lost
 * file costs nothing else.
 */

import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import { parseDeviceId, parseFolderId } from '../../protocol/ids.ts'
import type { Clock, Log, StateFiles } from '../ports.ts'
import { KeptText } from './kept-text.ts'

const FILE = 'notes'
/** How often it is written that a folder is in sync. */
const SAVE_EVERY_MS = 60_000

export interface NotesPorts {
  readonly state: StateFiles
  readonly clock: Clock
  readonly log: Log
}

interface DeviceNote {
  lastSeenMs: number
  /** As it says in its hello: `VERSION PLATFORM`. */
  release: string | null
}

interface FolderNote {
  lastInSyncMs: number | null
  halt: { readonly reason: string; readonly sinceMs: number } | null
}

export class Notes implements AsyncDisposable {
  readonly #ports: NotesPorts
  readonly #devices: Map<DeviceId, DeviceNote>
  readonly #folders: Map<FolderId, FolderNote>
  /** Folders that are in sync with somebody at this moment. */
  readonly #inSync = new Set<FolderId>()
  /** Whether the last life of the daemon ended by itself; so it is when there was none. */
  readonly wasClean: boolean
  /** What a newer Holt noted beside, as it is. */
  readonly #others: Readonly<Record<string, unknown>>
  readonly #file: KeptText
  #isClean = false
  /** When it was last written, on the monotonic clock. */
  #savedMs = Number.NEGATIVE_INFINITY

  constructor(ports: NotesPorts, stored: string) {
    this.#ports = ports
    this.#file = new KeptText({ ...ports, file: FILE, text: () => this.#text() })
    const { devices, folders, isClean, others } = parseNotes(stored)
    this.#others = others
    this.#devices = devices
    this.#folders = folders
    this.wasClean = isClean
  }

  /** The daemon's life begins: from now on its end is noted as unclean, until it ends by itself. */
  begin(): void {
    this.#save()
  }

  // ---- Devices.

  /** A session with it opened, or ended. */
  sawDevice(device: DeviceId): void {
    this.#deviceNote(device).lastSeenMs = this.#ports.clock.wallMs()
    this.#save()
  }

  saidRelease(device: DeviceId, release: string): void {
    this.#deviceNote(device).release = release
    this.#save()
  }

  lastSeenMs(device: DeviceId): number | null {
    return this.#devices.get(device)?.lastSeenMs ?? null
  }

  /** `linux`, `darwin`, `win32`; null while the device has not said it. */
  platform(device: DeviceId): string | null {
    return this.#devices.get(device)?.release?.split(' ')[1] ?? null
  }

  // ---- Folders.

  /** Whether the folder is in sync with somebody from now on. */
  setInSync(folder: FolderId, isInSync: boolean): void {
    if (this.#inSync.has(folder) === isInSync) return
    this.#folderNote(folder).lastInSyncMs = this.#ports.clock.wallMs()
    if (isInSync) this.#inSync.add(folder)
    else this.#inSync.delete(folder)
    this.#saveSoon()
  }

  lastInSyncMs(folder: FolderId): number | null {
    if (this.#inSync.has(folder)) return this.#ports.clock.wallMs()
    return this.#folders.get(folder)?.lastInSyncMs ?? null
  }

  /** The folder has halted; the same reason as before began when it began. */
  halted(folder: FolderId, reason: string): void {
    const note = this.#folderNote(folder)
    if (note.halt?.reason === reason) return
    note.halt = { reason, sinceMs: this.#ports.clock.wallMs() }
    this.#save()
  }

  goesOn(folder: FolderId): void {
    const note = this.#folders.get(folder)
    if (note === undefined || note.halt === null) return
    note.halt = null
    this.#save()
  }

  /** When the halt began; now, where it has only just been found. */
  haltedSinceMs(folder: FolderId, reason: string): number {
    const halt = this.#folders.get(folder)?.halt
    return halt?.reason === reason ? halt.sinceMs : this.#ports.clock.wallMs()
  }

  forgetFolder(folder: FolderId): void {
    this.#inSync.delete(folder)
    if (this.#folders.delete(folder)) this.#save()
  }

  /** Resolves when all of it is on disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of [...this.#inSync]) this.setInSync(folder, false)
    this.#isClean = true
    this.#save()
    await this.#file[Symbol.asyncDispose]()
  }

  #deviceNote(device: DeviceId): DeviceNote {
    const known = this.#devices.get(device) ?? { lastSeenMs: this.#ports.clock.wallMs(), release: null }
    this.#devices.set(device, known)
    return known
  }

  #folderNote(folder: FolderId): FolderNote {
    const known = this.#folders.get(folder) ?? { lastInSyncMs: null, halt: null }
    this.#folders.set(folder, known)
    return known
  }

  /** A busy folder is in sync and out of it again all day: that is worth no write each time. */
  #saveSoon(): void {
    if (this.#ports.clock.monotonicMs() - this.#savedMs >= SAVE_EVERY_MS) this.#save()
  }

  #save(): void {
    this.#file.save()
  }

  #text(): string {
    this.#savedMs = this.#ports.clock.monotonicMs()
    const [devices, folders] = [[...this.#devices], [...this.#folders]]
    return JSON.stringify({ ...this.#others, isClean: this.#isClean, devices, folders })
  }
}

/** Reads what was noted in earlier lives, and begins to note this one. */
export async function openNotes(ports: NotesPorts): Promise<Notes> {
  const bytes = await ports.state.read(FILE)
  const notes = new Notes(ports, bytes === undefined ? '' : new TextDecoder().decode(bytes))
  notes.begin()
  return notes
}

/** Whatever is wrong with it, what is left counts. */
function parseNotes(text: string): {
  devices: Map<DeviceId, DeviceNote>
  folders: Map<FolderId, FolderNote>
  isClean: boolean
  others: Readonly<Record<string, unknown>>
} {
  const devices = new Map<DeviceId, DeviceNote>()
  const folders = new Map<FolderId, FolderNote>()
  let isClean = text === ''
  let others = {}
  try {
    const value: unknown = JSON.parse(text)
    isClean = isRecord(value) && value['isClean'] === true
    others = isRecord(value) ? value : {}
    for (const [id, { lastSeenMs, release, ...rest }] of pairsOf(value, 'devices')) {
      const note = {
        ...rest,
        lastSeenMs: timeOf(lastSeenMs) ?? 0,
        release: typeof release === 'string' ? release : null,
      }
      devices.set(parseDeviceId(id), note)
    }
    for (const [id, { lastInSyncMs, halt, ...rest }] of pairsOf(value, 'folders')) {
      folders.set(parseFolderId(id), { ...rest, lastInSyncMs: timeOf(lastInSyncMs), halt: haltOf(halt) })
    }
  } catch {
    // It is only a convenience, and written anew with the next change.
  }
  return { devices, folders, isClean, others }
}

function pairsOf(value: unknown, field: string): [unknown, Record<string, unknown>][] {
  const list = isRecord(value) ? value[field] : undefined
  if (!Array.isArray(list)) return []
  return list.flatMap((pair: unknown): [unknown, Record<string, unknown>][] =>
    Array.isArray(pair) && isRecord(pair[1]) ? [[pair[0], pair[1]]] : [],
  )
}

function haltOf(value: unknown): FolderNote['halt'] {
  if (!isRecord(value)) return null
  const sinceMs = timeOf(value['sinceMs'])
  const { reason } = value
  return typeof reason === 'string' && sinceMs !== null ? { reason, sinceMs } : null
}

function timeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
