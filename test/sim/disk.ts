/**
 * One device's disk: it outlives programs and power cuts. Programs reach it through `callsOf(life)`, where every call takes
 * time, may fail and may be the one at which the device crashes; a person's hands (`hands.ts`) change it at once.
 */

import { Errno } from './errno.ts'
import type { ErrnoCode } from './errno.ts'
import type { Inode } from './inode.ts'
import type { Life } from './life.ts'
import type { SimRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import { Volume } from './volume.ts'
import type { VolumeTraits } from './volume.ts'

/** One system call of a program, before it is done. */
export interface DiskCall {
  /** Counts the calls of this disk from 1, over all lives. */
  readonly no: number
  readonly name: string
  readonly path: string
}
export type DiskFault =
  | { readonly kind: 'fail'; readonly code: ErrnoCode }
  /** The device dies just before or just after the call has its effect; `power`: and loses what was not synced. */
  | { readonly kind: 'crash'; readonly power: boolean; readonly isDone: boolean }

export interface DiskOptions extends Partial<VolumeTraits> {
  /** The shortest and the longest call, in microseconds. */
  readonly callUs?: readonly [number, number]
  /** Bytes a second that reads, writes and hashing take. */
  readonly bytesPerSecond?: number
  /** How likely a change is never told to watchers. */
  readonly watchLoss?: number
  /** The shortest and the longest time until a watcher hears, in microseconds. */
  readonly watchUs?: readonly [number, number]
}

/** The system calls of one life. */
export interface DiskCalls {
  /** Waits, may fail, then does the body at once. A body's own errors pass through. */
  call<T>(name: string, path: string, body: (volume: Volume) => T, bytes?: number): Promise<T>
}

const DEFAULTS = {
  isCaseSensitive: true,
  isWindows: false,
  holdsExecutableBit: true,
  holdsSymlinks: true,
  capacityBytes: 1 << 30,
  nameBytesMax: 255,
  callUs: [20, 300],
  bytesPerSecond: 500_000_000,
  watchLoss: 0,
  watchUs: [1_000, 50_000],
} as const satisfies Required<DiskOptions>

export class SimDisk {
  readonly volume: Volume
  readonly options: Required<DiskOptions>
  readonly random: SimRandom
  /** Asked before each call; set it to make calls fail or devices die. */
  faults: (call: DiskCall) => DiskFault | undefined = () => undefined
  /** What a crash at a call does; the device sets it. */
  onCrash: (power: boolean) => void = () => undefined
  readonly #scheduler: Scheduler
  readonly #watchers = new Map<Inode, Set<() => void>>()
  readonly #name: string
  #calls = 0

  constructor(name: string, scheduler: Scheduler, wallMs: () => number, options: DiskOptions = {}) {
    this.#name = name
    this.#scheduler = scheduler
    this.options = { ...DEFAULTS, ...options }
    this.random = scheduler.random.fork(`disk ${name}`)
    this.volume = new Volume(this.options, {
      nowUs: () => scheduler.nowUs(),
      wallMs,
      onChange: (directory) => this.#tell(directory),
    })
  }

  /** System calls so far. */
  get calls(): number {
    return this.#calls
  }

  callsOf(life: Life): DiskCalls {
    return {
      call: async (name, path, body, bytes = 0) => {
        const [shortest, longest] = this.options.callUs
        await life.pause(this.random.between(shortest, longest) + (bytes / this.options.bytesPerSecond) * 1e6)
        return this.#perform({ no: ++this.#calls, name, path }, body)
      },
    }
  }

  #perform<T>(call: DiskCall, body: (volume: Volume) => T): T | Promise<T> {
    this.#scheduler.trace.note('disk', this.#name, call.name, call.path)
    const fault = this.faults(call)
    if (fault === undefined) return body(this.volume)
    this.#scheduler.trace.note('fault', fault.kind, call.no)
    if (fault.kind === 'fail') throw new Errno(fault.code, call.path)
    if (fault.isDone) body(this.volume)
    this.#scheduler.after(0, () => this.onCrash(fault.power))
    return new Promise(() => undefined)
  }

  /** Calls the listener on each change of the names in a directory, or of what they lead to. */
  watch(directory: Inode, listener: () => void): Disposable {
    const listeners = this.#watchers.get(directory) ?? new Set()
    this.#watchers.set(directory, listeners.add(listener))
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener)
        if (listeners.size === 0) this.#watchers.delete(directory)
      },
    }
  }

  /** A power cut's doing to the disk itself; the device kills the programs first. */
  cutPower(): void {
    this.volume.cutPower(() => this.random.next())
  }

  #tell(directory: Inode): void {
    for (const listener of this.#watchers.get(directory) ?? []) {
      if (!this.random.chance(this.options.watchLoss)) listener()
    }
  }
}

/** The n-th call from now on fails; later ones do not. */
export function failCall(disk: SimDisk, n: number, code: ErrnoCode): void {
  atCall(disk, n, { kind: 'fail', code })
}

/** The device dies at the n-th call from now on. */
export function crashAtCall(disk: SimDisk, n: number, o: { power: boolean; isDone: boolean }): void {
  atCall(disk, n, { kind: 'crash', ...o })
}

function atCall(disk: SimDisk, n: number, fault: DiskFault): void {
  const callNo = disk.calls + n
  disk.faults = (call) => (call.no === callNo ? fault : undefined)
}
