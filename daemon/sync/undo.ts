/**
 * Taking back a step, wherever it is kept. Who made a change by hand keeps nothing of what was there before; the devices that the
 * change reached do. So each of them that is online brings back what it keeps: their contents are equal, and equal edits are one.
 */

import type { DeviceId } from '../../protocol/ids.ts'
import type { KeptAnswer, KeptStep } from '../../protocol/kept-messages.ts'
import type { StepRange, UndoStep } from '../core/undo.ts'
import { isSameStep, stepId } from '../core/undo.ts'
import type { AbortOptions } from '../ports.ts'
import type { BroughtBack } from './bring-back.ts'
import type { Folder } from './folder.ts'
import type { Held } from './holding.ts'
import { refusalOf, stepsHere, undoHere } from './kept.ts'
import type { KeptAskPorts } from './kept-ask.ts'
import { askKept } from './kept-ask.ts'

export interface UndoPorts extends KeptAskPorts {
  readonly self: DeviceId
}

/** A step as all devices together keep it: counts are the most that any of them keeps. */
export interface FoundStep extends Omit<UndoStep, 'records'> {
  /** Who keeps something of it. */
  readonly devices: readonly DeviceId[]
}

export interface Refusal {
  readonly device: DeviceId
  readonly sentence: string
}

export interface FoundSteps {
  /** Newest first. */
  readonly steps: readonly FoundStep[]
  readonly refusals: readonly Refusal[]
}

/** The devices that hold a folder and are connected. */
export function holdersOnline({ remotes }: Held): DeviceId[] {
  return [...remotes.keys()]
}

export async function findSteps(ports: UndoPorts, held: Held, folder: Folder, o: AbortOptions): Promise<FoundSteps> {
  const question = { kind: 'steps', folder: folder.id } as const
  const [own, replies] = await Promise.all([
    stepsHere(folder),
    Promise.all(holdersOnline(held).map((device) => askKept(ports, device, question, o))),
  ])
  const found = own.map((step): FoundStep => ({ ...fieldsOf(step), devices: [ports.self] }))
  for (const { device, parts } of replies) {
    for (const step of parts.flatMap((part) => (part.kind === 'steps' ? part.steps : []))) join(found, step, device)
  }
  found.sort((a, b) => b.keptMs - a.keptMs)
  return { steps: found, refusals: refusalsOf(replies) }
}

function fieldsOf({ id, range, keptMs, deleted, replaced, isUndo }: UndoStep): Omit<FoundStep, 'devices'> {
  return { id, range, keptMs, deleted, replaced, isUndo }
}

/** One device may have in two steps what another has in one. */
function join(found: FoundStep[], step: KeptStep, device: DeviceId): void {
  const at = found.findIndex(({ range }) => range !== null && isSameStep(range, step.range))
  const known = found[at]
  if (known === undefined) {
    found.push({ ...step, id: stepId(step.range.by, step.range.first), devices: [device] })
    return
  }
  found[at] = {
    ...known,
    range: known.range === null ? step.range : joined(known.range, step.range),
    deleted: Math.max(known.deleted, step.deleted),
    replaced: Math.max(known.replaced, step.replaced),
    isUndo: known.isUndo || step.isUndo,
    devices: known.devices.includes(device) ? known.devices : [...known.devices, device],
  }
}

function joined(a: StepRange, b: StepRange): StepRange {
  return { by: a.by, first: Math.min(a.first, b.first), last: Math.max(a.last, b.last) }
}

function refusalsOf(replies: readonly { readonly device: DeviceId; readonly refusal: string | null }[]): Refusal[] {
  return replies.flatMap(({ device, refusal }) => (refusal === null ? [] : [{ device, sentence: refusal }]))
}

export interface Undone {
  /** Each path once, as the device says that got furthest with it. */
  readonly paths: readonly BroughtBack[]
  readonly refusals: readonly Refusal[]
}

/** Each device that keeps something of the step brings that back, all at the same time. */
export async function undoStep(
  ports: UndoPorts,
  { settings }: Held,
  folder: Folder,
  { id, range, devices }: FoundStep,
  { isDryRun, signal }: AbortOptions & { readonly isDryRun: boolean },
): Promise<Undone> {
  const isKeptHere = devices.includes(ports.self)
  const refusal = isKeptHere ? await refusalOf(folder, settings.mode) : null
  const here = isKeptHere && refusal === null ? undoHere(folder, range ?? id, { isDryRun }, { signal }) : []
  const others = devices.filter((device) => device !== ports.self)
  const question = range === null ? null : ({ kind: 'undo', folder: folder.id, range, isDryRun } as const)
  const [own, replies] = await Promise.all([
    collect(here),
    Promise.all(question === null ? [] : others.map((device) => askKept(ports, device, question, { signal }))),
  ])
  const refusals = refusal === null ? [] : [{ device: ports.self, sentence: refusal }]
  return {
    paths: furthest([...own, ...replies.flatMap(({ parts }) => broughtOf(parts))]),
    refusals: [...refusals, ...refusalsOf(replies)],
  }
}

async function collect(all: AsyncIterable<BroughtBack> | readonly BroughtBack[]): Promise<BroughtBack[]> {
  const collected: BroughtBack[] = []
  for await (const each of all) collected.push(each)
  return collected
}

export function broughtOf(parts: readonly KeptAnswer[]): BroughtBack[] {
  return parts.flatMap((part) => (part.kind === 'brought' ? part.paths : []))
}

const RANK = { back: 4, replaced: 4, already: 3, changed: 2, failed: 1 } as const

/** Each path once. */
export function furthest(all: readonly BroughtBack[]): BroughtBack[] {
  const best = new Map<string, BroughtBack>()
  for (const each of all) {
    const known = best.get(each.path)
    if (known === undefined || RANK[each.kind] > RANK[known.kind]) best.set(each.path, each)
  }
  return [...best.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}
