/** What must hold of a run: all devices equal, nothing lost, nothing come back, and quiet. */

import { createIgnoreRules, parseIgnoreFile } from '../../daemon/core/ignore.ts'
import type { IgnoreRules } from '../../daemon/core/ignore.ts'
import { ROOT as TOP, ancestorsOf, parseRelPath } from '../../protocol/path.ts'
import type { BlobHash, FolderId } from '../../protocol/ids.ts'
import type { SimDaemon } from './daemon.ts'
import { ROOT } from './daemon.ts'
import type { Found } from './hands.ts'
import type { Memory } from './memory.ts'
import type { Universe } from './universe.ts'
import type { SimDevice } from './world.ts'

const decoder = new TextDecoder()

/** Files, links and directories that take part: those that are not ignored. */
export function visible({ hands }: SimDevice): Found[] {
  const rules = rulesOf(hands)
  return hands.walk(ROOT).filter((each) => !isIgnored(rules, each))
}

/** Directories with nothing but ignored things in them: they may stay where others have none. */
function hiding({ hands }: SimDevice): string[] {
  const rules = rulesOf(hands)
  const found = hands.walk(ROOT)
  const seen = new Set(found.filter((each) => !isIgnored(rules, each) && each.kind !== 'directory').flatMap(ancestors))
  return found
    .filter((each) => isIgnored(rules, each))
    .flatMap((each) => ancestors(each).filter((path) => !seen.has(path)))
}

function rulesOf(hands: SimDevice['hands']): IgnoreRules {
  const text = hands.readText(`${ROOT}/.holtignore`)
  return createIgnoreRules(new Map(text === undefined ? [] : [[TOP, [parseIgnoreFile('.holtignore', text)]]]))
}

function isIgnored(rules: IgnoreRules, { path, kind }: Found): boolean {
  return rules.ignores(parseRelPath(path), kind === 'directory')
}

function ancestors({ path }: Found): string[] {
  return ancestorsOf(parseRelPath(path))
}

/** What a device's folder holds, as text that is equal exactly when two folders are; times left out. */
export function shape(device: SimDevice, hidden: ReadonlySet<string> = new Set()): string {
  return visible(device)
    .filter(({ kind, path }) => kind !== 'directory' || !hidden.has(path))
    .map(({ path, kind, content, target, isExecutable }) => {
      if (kind === 'symlink') return `${path} -> ${target}`
      return kind === 'file' ? `${path} ${isExecutable ? 'x' : '-'} ${decoder.decode(content)}` : `${path}/`
    })
    .join('\n')
}

/** In sync and at rest: the same digests, the same files, nothing left to do that anybody could. */
export function isEqual(daemons: readonly SimDaemon[], folder: FolderId): boolean {
  const isSomewhere = (hash: BlobHash): boolean =>
    daemons.some(({ catalogue }) => catalogue.read((tx) => tx.ownByHash(hash, 1)).length > 0)
  const digests = daemons.map(({ catalogue, sync }) => {
    const held = sync.engine.folder(folder)
    if (held?.isScanned !== true || held.halt !== null) return undefined
    return catalogue.read((tx) => {
      const isWaiting = tx.waiting(folder, tx.waitingCount(folder)).some(({ hash }) => isSomewhere(hash))
      const isOpen = tx.dirtyCount(folder) > 0 || isWaiting || tx.unpublished(folder, 1).length > 0
      return isOpen ? undefined : Buffer.from(tx.totals(folder).digest).toString('hex')
    })
  })
  if (digests.some((digest) => digest === undefined || digest !== digests[0])) return false
  const hidden = new Set(daemons.flatMap(({ device }) => hiding(device)))
  const shapes = daemons.map(({ device }) => shape(device, hidden))
  return shapes.every((each) => each === shapes[0])
}

/** What is missing or has come back; undefined when all is well. */
export function verdictOn(
  memory: Memory,
  devices: readonly SimDevice[],
  { mayLose, mayReturn }: Pick<Universe, 'mayLose' | 'mayReturn'>,
): string | undefined {
  const stored = new Set(devices.flatMap((device) => textsOf(device.hands.walk(`${ROOT}/.holt/versions`))))
  const living = new Set(devices.flatMap((device) => textsOf(device.hands.walk(ROOT))))
  const lost = [...memory.kept].filter((text) => !living.has(text) && !(mayLose && stored.has(text)))
  if (lost.length > 0) {
    return `lost: ${lost.map((text) => `${text}${stored.has(text) ? ' (only in versions)' : ' (NOWHERE)'}`).join(', ')}`
  }
  if (mayReturn) return undefined
  const back = [...memory.gone.keys()].filter((text) =>
    devices.some((device) => textsOf(visible(device)).includes(text)),
  )
  return back.length > 0 ? `deleted, and back: ${back.join(', ')}` : undefined
}

export function textsOf(found: readonly Found[]): string[] {
  return found.filter(({ kind }) => kind === 'file').map(({ content }) => decoder.decode(content))
}

/** For people: how each device stands. */
export function describeDaemon({ device, catalogue, sync }: SimDaemon, folder: FolderId): string {
  const held = sync.engine.folder(folder)
  const state = catalogue.read((tx) => ({
    digest: Buffer.from(tx.totals(folder).digest).toString('hex').slice(0, 12),
    dirty: tx.dirty(folder, null, 20).map(({ path }) => path),
    waiting: tx.waiting(folder, 20),
    unpublished: tx.unpublished(folder, 5).map(({ path }) => path),
  }))
  const status = {
    halt: held?.halt ?? null,
    fault: sync.engine.get(folder)?.fault?.message ?? null,
    isScanned: held?.isScanned,
    isRecovering: held?.isRecovering,
    failures: [...(held?.failures.values() ?? [])],
    problems: [...(held?.problems.values() ?? [])].flat(),
  }
  return `--- ${device.name} ${JSON.stringify({ ...state, ...status })}\n${shape(device)}`
}
