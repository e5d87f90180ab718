/** Why no session stays open with a device that answers, in a sentence for a person. */

import { ProtocolError } from '../../protocol/errors.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { errorCode } from '../sync/error-code.ts'
import type { GroupExchange } from '../sync/group-exchange.ts'

/** A single session may end early for many reasons; so many in a row have one. */
const FAILURES_TOLD = 3

export class Troubles {
  readonly #onTrouble: (device: DeviceId, sentence: string) => void
  readonly #failures = new Map<DeviceId, number>()
  readonly #newer = new Set<DeviceId>()
  readonly #ofSessions = new Map<DeviceId, string>()
  readonly #ofGroups = new Map<DeviceId, string>()

  /** @param onTrouble Told of each that is new. */
  constructor(onTrouble: (device: DeviceId, sentence: string) => void) {
    this.#onTrouble = onTrouble
  }

  /** @param hasSession Why none stays open is of no interest while one is. */
  of(device: DeviceId, { hasSession }: { readonly hasSession: boolean }): string | null {
    return this.#ofGroups.get(device) ?? (hasSession ? null : (this.#ofSessions.get(device) ?? null))
  }

  /** Devices that say what only a newer Holt understands. */
  newer(): DeviceId[] {
    return [...this.#newer]
  }

  /** A session ended soon after it began, or could not begin although the device is connected. */
  sessionFailed(device: DeviceId, cause: unknown): void {
    const failures = (this.#failures.get(device) ?? 0) + 1
    this.#failures.set(device, failures)
    const isNews = cause instanceof ProtocolError || isNewer(cause)
    if (isNewer(cause)) this.#newer.add(device)
    if (isNews || failures >= FAILURES_TOLD) this.#set(this.#ofSessions, device, sessionSentence(cause))
  }

  /** A session lasted. */
  sessionLasts(device: DeviceId): void {
    this.#failures.delete(device)
    this.#newer.delete(device)
    this.#set(this.#ofSessions, device, undefined)
  }

  exchanged(device: DeviceId, result: GroupExchange): void {
    if (result.kind === 'offline' || result.kind === 'busy') return
    if (result.kind === 'update-needed') this.#newer.add(device)
    if (result.kind === 'in-step') this.#newer.delete(device)
    this.#set(this.#ofGroups, device, groupSentence(result))
  }

  #set(sentences: Map<DeviceId, string>, device: DeviceId, sentence: string | undefined): void {
    const isNews = sentence !== undefined && sentence !== sentences.get(device)
    if (sentence === undefined) sentences.delete(device)
    else sentences.set(device, sentence)
    if (isNews) this.#onTrouble(device, sentence)
  }
}

/** It says, or speaks, only what a later Holt understands. */
function isNewer(cause: unknown): boolean {
  if (cause instanceof ProtocolError) return cause.code === 'unknown-version'
  return errorCode(cause) === 'newer'
}

function sessionSentence(cause: unknown): string {
  if (isNewer(cause)) return 'it runs a newer Holt: update Holt on this device'
  if (!(cause instanceof ProtocolError)) return 'it ends each session at once; `holt status` over there says why'
  return `it says what no Holt should say (${cause.message}); \`holt logs\` has more`
}

function groupSentence(result: Exclude<GroupExchange, { kind: 'offline' | 'busy' }>): string | undefined {
  switch (result.kind) {
    case 'in-step':
      return undefined
    case 'removed':
      return 'it says that this device was removed from the group'
    case 'foreign':
      return 'it is in another group now'
    case 'stranger':
      return 'it does not take this device for a member of the group'
    case 'update-needed':
      return 'it speaks of what only a newer Holt knows: update Holt on this device'
    case 'broken':
      return `the group log cannot be exchanged with it: ${result.detail}`
  }
}
