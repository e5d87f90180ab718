/**
 * What other devices did that none does which is whole, its clock right and its key its own: two manifests under one number,
 * older words than they had said, another time. Kept over a restart, and for a week after it was put right.
 */

import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import { parseDeviceId, parseFolderId } from '../../protocol/ids.ts'
import type { Clock, Log, StateFiles } from '../ports.ts'
import { KeptText } from './kept-text.ts'

const FILE = 'suspicions'
/** How long what was put right is still told. */
const TOLD_MS = 7 * 24 * 3_600_000
/** More than anybody reads: 48 devices with ten of them each. The oldest goes first. */
const KEPT_MAX = 480
/** Clocks that differ by less are as good as equal: files are dated by them, and nothing is decided. */
export const CLOCK_TOLERANCE_MS = 2 * 60_000

export type SuspicionKind = 'forked' | 'rolled-back' | 'clock'
const KINDS: readonly SuspicionKind[] = ['forked', 'rolled-back', 'clock']

export interface Suspicion {
  readonly device: DeviceId
  readonly kind: SuspicionKind
  /** Null where it is no manifest of a folder: of a clock, or of the group log. */
  readonly folder: FolderId | null
  readonly sinceMs: number
  /** When it was put right. */
  readonly endedMs: number | null
  /** Of a clock: how far it is ahead of this device's, in milliseconds. */
  readonly aheadMs: number | null
}

export interface SuspicionsPorts {
  readonly state: StateFiles
  readonly clock: Clock
  readonly log: Log
  /** Told of each that is new, and of each that is over. */
  readonly onNews: (suspicion: Suspicion) => void
}

export class Suspicions implements AsyncDisposable {
  readonly #ports: SuspicionsPorts
  readonly #known = new Map<string, Suspicion>()
  readonly #file: KeptText

  constructor(ports: SuspicionsPorts, stored: readonly Suspicion[]) {
    this.#ports = ports
    this.#file = new KeptText({ ...ports, file: FILE, text: () => JSON.stringify([...this.#known.values()]) })
    for (const each of stored) this.#known.set(keyOf(each), each)
  }

  /** The newest first; what is over for long is left out. */
  of(device: DeviceId): Suspicion[] {
    const fromMs = this.#ports.clock.wallMs() - TOLD_MS
    return [...this.#known.values()]
      .filter((each) => each.device === device && (each.endedMs === null || each.endedMs > fromMs))
      .sort((a, b) => b.sinceMs - a.sinceMs)
  }

  noticed(device: DeviceId, kind: SuspicionKind, folder: FolderId | null, aheadMs: number | null = null): void {
    const found = { device, kind, folder, sinceMs: this.#ports.clock.wallMs(), endedMs: null, aheadMs }
    const known = this.#known.get(keyOf(found))
    if (known?.endedMs === null) return
    this.#known.delete(keyOf(found))
    this.#set(found)
  }

  /** It was put right; nothing where there was nothing. */
  over(device: DeviceId, kind: SuspicionKind, folder: FolderId | null): void {
    const known = this.#known.get(keyOf({ device, kind, folder }))
    if (known?.endedMs === null) this.#set({ ...known, endedMs: this.#ports.clock.wallMs() })
  }

  /** @param aheadMs how far a device's clock is ahead of this one's */
  clockSeen(device: DeviceId, aheadMs: number): void {
    if (Math.abs(aheadMs) > CLOCK_TOLERANCE_MS) this.noticed(device, 'clock', null, aheadMs)
    else this.over(device, 'clock', null)
  }

  /** The device left the group. */
  forget(device: DeviceId): void {
    for (const [key, each] of this.#known) if (each.device === device) this.#known.delete(key)
    this.#file.save()
  }

  /** Resolves when all of it is on disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]()
  }

  #set(suspicion: Suspicion): void {
    this.#known.set(keyOf(suspicion), suspicion)
    const [oldest] = this.#known.keys()
    if (this.#known.size > KEPT_MAX && oldest !== undefined) this.#known.delete(oldest)
    this.#file.save()
    this.#ports.onNews(suspicion)
  }
}

export async function openSuspicions(ports: SuspicionsPorts): Promise<Suspicions> {
  const bytes = await ports.state.read(FILE)
  return new Suspicions(ports, bytes === undefined ? [] : parseSuspicions(new TextDecoder().decode(bytes)))
}

function keyOf({ device, kind, folder }: Pick<Suspicion, 'device' | 'kind' | 'folder'>): string {
  return `${device} ${kind} ${folder ?? ''}`
}

/** Whatever is wrong with the file, what is left counts. */
function parseSuspicions(text: string): Suspicion[] {
  try {
    const values: unknown = JSON.parse(text)
    return Array.isArray(values) ? values.flatMap((value: unknown) => parseSuspicion(value)) : []
  } catch {
    return []
  }
}

function parseSuspicion(value: unknown): Suspicion[] {
  try {
    if (typeof value !== 'object' || value === null) return []
    const { device, kind, folder, sinceMs, endedMs, aheadMs } = value as Record<string, unknown>
    const known = KINDS.find((each) => each === kind)
    if (known === undefined || typeof sinceMs !== 'number') return []
    return [
      {
        device: parseDeviceId(device),
        kind: known,
        folder: folder === null ? null : parseFolderId(folder),
        sinceMs,
        endedMs: typeof endedMs === 'number' ? endedMs : null,
        aheadMs: typeof aheadMs === 'number' ? aheadMs : null,
      },
    ]
  } catch {
    return []
  }
}
