/** The steps of a pair's plan in the words of an end, and in those that people see. */

import type { PairAction, PairChange } from '../../../protocol/api/pairs.ts'
import type { BlobHash } from '../../../protocol/ids.ts'
import { bytesAcross } from '../../core/pair-plan.ts'
import type { PairStep, PairUnit } from '../../core/pair-plan.ts'
import { reasonSentence } from '../../core/pair-decision.ts'
import type { PairReason } from '../../core/pair-decision.ts'
import type { EndChange, FileItem, Item } from '../../pair-port.ts'
import type { Fingerprint } from '../../ports.ts'

/** @param hash of a `put`: where the plan did not know it, it is known by now. */
export function toEndChanges(step: PairStep, hash: BlobHash | undefined): EndChange[] {
  const { path } = step
  switch (step.kind) {
    case 'put': {
      if (hash === undefined) throw new Error('a file is put without its bytes')
      const { mtimeMs } = step.item
      const executable = executableOf(step.item, step.replaces)
      return [{ kind: 'put', path, hash, mtimeMs, executable, expect: lookOf(step.replaces) }]
    }
    case 'symlink': {
      const { target, mtimeMs } = step.item
      return [{ kind: 'symlink', path, target, mtimeMs, expect: lookOf(step.replaces) }]
    }
    case 'make-directory':
      return [...clear(step), { kind: 'make-directory', path }]
    case 'rename': {
      const { from, item, now } = step
      const executable = item.kind === 'file' && now.kind === 'file' && executableOf(item, now)
      return [...clear(step), { kind: 'rename', from, path, mtimeMs: item.mtimeMs, executable, expect: now.look }]
    }
    case 'touch': {
      const executable = executableOf(step.item, step.now)
      return [{ kind: 'touch', path, mtimeMs: step.item.mtimeMs, executable, expect: step.now.look }]
    }
    case 'remove':
      return [{ kind: 'remove', path, expect: step.now.look }]
    case 'remove-directory':
      return [{ kind: 'remove-directory', path }]
  }
}

/** Nothing may be where a directory or a renamed file is to be: what is there goes to the versions first. */
function clear({ path, replaces }: { path: EndChange['path']; replaces: Item | null }): EndChange[] {
  const expect = lookOf(replaces)
  return expect === null ? [] : [{ kind: 'remove', path, expect }]
}

function lookOf(item: Item | null): Fingerprint | null {
  return item === null || item.kind === 'directory' ? null : item.look
}

/** What the origin cannot tell stays as it is. */
function executableOf(item: FileItem, now: Item | null): boolean {
  return item.executable ?? (now?.kind === 'file' && now.executable === true)
}

export function toPairChange(step: PairStep, unit: Pick<PairUnit, 'reason' | 'records'>): PairChange {
  const code = reasonOf(step, unit)
  return {
    side: step.side,
    path: step.path,
    action: actionOf(step, code),
    from: step.kind === 'rename' ? step.from : null,
    bytes: bytesAcross(step),
    reason: { code, sentence: reasonSentence(code) },
  }
}

/** Why a path of the unit becomes what it becomes. */
export function reasonOf(step: PairStep, { reason, records }: Pick<PairUnit, 'reason' | 'records'>): PairReason {
  if (step.kind === 'rename' && !step.isAside) return 'renamed'
  return records.find(({ path }) => path === step.path)?.reason ?? reason
}

function actionOf(step: PairStep, reason: PairReason): PairAction {
  switch (step.kind) {
    case 'put':
    case 'symlink':
      if (reason === 'conflict-copy') return 'conflict-copy'
      return step.replaces === null ? 'create' : 'update'
    case 'rename':
      return step.isAside ? 'conflict-copy' : 'rename'
    case 'make-directory':
      return 'make-directory'
    case 'touch':
      return 'touch'
    case 'remove':
    case 'remove-directory':
      return 'delete'
  }
}
