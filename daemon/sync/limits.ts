/**
 * How fast bytes of files may go out and come in, as a person has chosen it: for all devices together, and for single ones. Kept
 * as the rules that were typed, so that nothing is lost on the way; holds at once when it is changed.
 */

import { parseDeviceId } from '../../protocol/ids.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { RateLimit } from '../../protocol/rate-limit.ts'
import { UNLIMITED, parseRateLimit, printRateLimit } from '../../protocol/rate-limit.ts'
import type { StateFiles } from '../ports.ts'
import type { RateLineDeps } from './rate-line.ts'
import { RateLine } from './rate-line.ts'

const FILE = 'limits.json'
const DIRECTIONS = ['send', 'receive'] as const
export type Direction = (typeof DIRECTIONS)[number]

/** Null: nobody has chosen, and what is configured holds; of a single device that is no limit. */
export type Choice = Readonly<Record<Direction, RateLimit | null>>

const UNCHOSEN: Choice = { send: null, receive: null }

export interface LimitsDeps extends RateLineDeps {
  readonly state: StateFiles
  /** What holds for all together until somebody chooses otherwise. */
  readonly configured: Readonly<Record<Direction, RateLimit>>
}

export class Limits {
  readonly send: RateLine
  readonly receive: RateLine
  readonly #deps: LimitsDeps
  #total: Choice
  readonly #devices: Map<DeviceId, Choice>
  /** What a newer Holt wrote beside. */
  readonly #others: Readonly<Record<string, unknown>>
  #saving: Promise<void> = Promise.resolve()

  constructor(deps: LimitsDeps, stored: Stored) {
    this.#deps = deps
    this.#total = stored.total
    this.#devices = new Map(stored.devices)
    this.#others = stored.others
    this.send = new RateLine(deps)
    this.receive = new RateLine(deps)
    this.#apply()
  }

  /** What holds for all devices together. */
  total(direction: Direction): RateLimit {
    return this.#total[direction] ?? this.#deps.configured[direction]
  }

  of(device: DeviceId, direction: Direction): RateLimit {
    return this.#devices.get(device)?.[direction] ?? UNLIMITED
  }

  /** Devices that have a limit of their own. */
  devices(): DeviceId[] {
    return [...this.#devices.keys()]
  }

  /** What is left out stays as it is. Holds at once, and is durable when it resolves. @throws what the state throws; it holds all the same */
  async change(device: DeviceId | undefined, change: Partial<Choice>): Promise<void> {
    if (device === undefined) this.#total = { ...this.#total, ...change }
    else this.#devices.set(device, { ...(this.#devices.get(device) ?? UNCHOSEN), ...change })
    for (const [each, { send, receive }] of this.#devices) {
      if (isNothing(send) && isNothing(receive)) this.#devices.delete(each)
    }
    this.#apply()
    await this.#save()
  }

  #apply(): void {
    for (const direction of DIRECTIONS) {
      const devices = new Map([...this.#devices.keys()].map((device) => [device, this.of(device, direction)]))
      this[direction].setLimits({ total: this.total(direction), devices })
    }
  }

  /** One after another, so that the last choice is the one that stays. */
  #save(): Promise<void> {
    const write = (): Promise<void> => this.#deps.state.write(FILE, new TextEncoder().encode(this.#text()))
    const saving = this.#saving.then(write)
    this.#saving = saving.catch(() => undefined)
    return saving
  }

  #text(): string {
    const devices = Object.fromEntries([...this.#devices].map(([device, choice]) => [device, rulesOf(choice)]))
    return `${JSON.stringify({ ...this.#others, total: rulesOf(this.#total), devices }, null, 2)}\n`
  }
}

/** @throws Error that names the file, when it is damaged: a line that costs money is not used unasked. */
export async function openLimits(deps: LimitsDeps): Promise<Limits> {
  const bytes = await deps.state.read(FILE)
  return new Limits(deps, bytes === undefined ? NOTHING : parseStored(new TextDecoder().decode(bytes)))
}

interface Stored {
  readonly total: Choice
  readonly devices: ReadonlyMap<DeviceId, Choice>
  readonly others: Readonly<Record<string, unknown>>
}

const NOTHING: Stored = { total: UNCHOSEN, devices: new Map(), others: {} }

function parseStored(text: string): Stored {
  try {
    const { total, devices, ...others } = recordOf(JSON.parse(text))
    const choices = Object.entries(recordOf(devices ?? {})).map(
      ([device, choice]) => [parseDeviceId(device), choiceOf(choice)] as const,
    )
    return { total: choiceOf(total ?? {}), devices: new Map(choices), others }
  } catch (cause) {
    throw new Error(`the state file ${FILE} is damaged: restore it, or delete it and set the limits again`, { cause })
  }
}

function choiceOf(value: unknown): Choice {
  const { send, receive } = recordOf(value)
  return { send: limitOf(send), receive: limitOf(receive) }
}

function limitOf(value: unknown): RateLimit | null {
  if (value === undefined || value === null) return null
  if (Array.isArray(value) && value.every((each): each is string => typeof each === 'string'))
    return parseRateLimit(value)
  throw new TypeError('a limit is a list of rules')
}

function rulesOf({ send, receive }: Choice): Record<Direction, readonly string[] | null> {
  return { send: send && printRateLimit(send), receive: receive && printRateLimit(receive) }
}

function isNothing(limit: RateLimit | null): boolean {
  return limit === null || (limit.bytesPerSecond === null && limit.windows.length === 0)
}

function recordOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object')
  return value as Record<string, unknown>
}
