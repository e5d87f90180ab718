/**
 * What two members say on `/holt/kept/1` of what one of them keeps: which steps it could take back, which versions of a path it
 * has; or that it shall bring them back. One stream is one question. One frame is one message: a canonical CBOR array led by its
 * kind. The answer comes in parts, and ends with `done` or `refused`. All that comes back is an ordinary edit of the one that is asked.
 */

import type { Value } from './codec.ts'
import { asArray, asBool, asBytes, asList, asNullable, asText, asUint, decode, encode } from './codec.ts'
import { ProtocolError } from './errors.ts'
import type { BlobHash, DeviceId, FolderId } from './ids.ts'
import { blobHashOf, deviceIdOf, deviceKey, folderIdOf, idBytes } from './ids.ts'
import { HASH_BYTES, KEPT_ITEMS_MAX } from './limits.ts'
import type { DirPath, RelPath } from './path.ts'
import { ROOT, parseRelPath } from './path.ts'

/** Bytes of a sentence, of a reason, of an id. */
const TEXT_BYTES_MAX = 1024

/** Whose change took something away, and in which seconds of that device's clock, both inclusive. */
export interface KeptRange {
  readonly by: DeviceId
  readonly first: number
  readonly last: number
}

export type KeptQuestion =
  | { readonly kind: 'steps'; readonly folder: FolderId }
  | { readonly kind: 'undo'; readonly folder: FolderId; readonly range: KeptRange; readonly isDryRun: boolean }
  /** Versions of a path, or of all below it. */
  | { readonly kind: 'versions'; readonly folder: FolderId; readonly path: DirPath; readonly isRecursive: boolean }
  /** Brings back what a path held at a time (milliseconds since 1970), or the newest that is kept. */
  | { readonly kind: 'restore'; readonly folder: FolderId; readonly path: DirPath; readonly atMs: number | null }

export interface KeptStep {
  readonly range: KeptRange
  readonly keptMs: number
  readonly deleted: number
  readonly replaced: number
  /** It took something back itself. */
  readonly isUndo: boolean
}

export interface KeptVersion {
  readonly path: RelPath
  readonly keptMs: number
  readonly sizeBytes: number
  readonly hash: BlobHash | null
  readonly reason: string
  readonly isDirectory: boolean
  /** The step that took it away; null where nobody noted it. */
  readonly step: string | null
  readonly by: DeviceId | null
  readonly isDeleted: boolean | null
}

const BROUGHT = ['back', 'replaced', 'already', 'changed', 'failed'] as const

export interface BroughtPath {
  readonly path: RelPath
  readonly kind: (typeof BROUGHT)[number]
  readonly sentence: string | null
  readonly sizeBytes: number
}

export type KeptAnswer =
  | { readonly kind: 'steps'; readonly steps: readonly KeptStep[] }
  | { readonly kind: 'versions'; readonly versions: readonly KeptVersion[] }
  | { readonly kind: 'brought'; readonly paths: readonly BroughtPath[] }
  | { readonly kind: 'done' }
  /** A sentence that says why not. */
  | { readonly kind: 'refused'; readonly sentence: string }

const QUESTIONS = ['steps', 'undo', 'versions', 'restore'] as const
const ANSWERS = ['steps', 'versions', 'brought', 'done', 'refused'] as const

export function encodeKeptQuestion(question: KeptQuestion): Uint8Array {
  return encode([QUESTIONS.indexOf(question.kind), idBytes(question.folder), ...questionFields(question)])
}

function questionFields(question: KeptQuestion): Value[] {
  switch (question.kind) {
    case 'steps':
      return []
    case 'undo':
      return [...rangeToWire(question.range), question.isDryRun]
    case 'versions':
      return [question.path, question.isRecursive]
    case 'restore':
      return [question.path, question.atMs]
  }
}

/** @throws ProtocolError */
export function decodeKeptQuestion(frame: Uint8Array): KeptQuestion {
  const [kindNo, folderBytes, ...fields] = asArray(decode(frame), 'question')
  const kind = QUESTIONS[asUint(kindNo, 'kind of question')]
  if (kind === undefined) throw new ProtocolError('unknown-version', 'a peer asks what this Holt does not know')
  const folder = folderIdOf(asBytes(folderBytes, 'folder id'))
  switch (kind) {
    case 'steps':
      expectFields(fields, 0)
      return { kind, folder }
    case 'undo':
      expectFields(fields, 4)
      return { kind, folder, range: rangeFromWire(fields), isDryRun: asBool(fields[3], 'dry run') }
    case 'versions':
      expectFields(fields, 2)
      return { kind, folder, path: pathFromWire(fields[0]), isRecursive: asBool(fields[1], 'recursive') }
    case 'restore':
      expectFields(fields, 2)
      return {
        kind,
        folder,
        path: pathFromWire(fields[0]),
        atMs: asNullable(fields[1], (value) => asUint(value, 'time')),
      }
  }
}

export function encodeKeptAnswer(answer: KeptAnswer): Uint8Array {
  return encode([ANSWERS.indexOf(answer.kind), ...answerFields(answer)])
}

function answerFields(answer: KeptAnswer): Value[] {
  switch (answer.kind) {
    case 'steps':
      return [
        answer.steps.map(({ range, keptMs, deleted, replaced, isUndo }) => [
          ...[...rangeToWire(range), keptMs, deleted, replaced, isUndo],
        ]),
      ]
    case 'versions':
      return [answer.versions.map(versionToWire)]
    case 'brought':
      return [
        answer.paths.map(({ path, kind, sentence, sizeBytes }) => [path, BROUGHT.indexOf(kind), sentence, sizeBytes]),
      ]
    case 'done':
      return []
    case 'refused':
      return [answer.sentence]
  }
}

/** @throws ProtocolError */
export function decodeKeptAnswer(frame: Uint8Array): KeptAnswer {
  const [kindNo, ...fields] = asArray(decode(frame), 'answer')
  const kind = ANSWERS[asUint(kindNo, 'kind of answer')]
  if (kind === undefined) throw new ProtocolError('unknown-version', 'a peer answers what this Holt does not know')
  expectFields(fields, kind === 'done' ? 0 : 1)
  switch (kind) {
    case 'steps':
      return { kind, steps: asList(fields[0], 'steps', KEPT_ITEMS_MAX).map(stepFromWire) }
    case 'versions':
      return { kind, versions: asList(fields[0], 'versions', KEPT_ITEMS_MAX).map(versionFromWire) }
    case 'brought':
      return { kind, paths: asList(fields[0], 'paths', KEPT_ITEMS_MAX).map(broughtFromWire) }
    case 'done':
      return { kind }
    case 'refused':
      return { kind, sentence: asText(fields[0], 'reason', TEXT_BYTES_MAX) }
  }
}

function expectFields(fields: readonly Value[], count: number): void {
  if (fields.length !== count) throw new ProtocolError('bad-field', `${fields.length} fields, not ${count}`)
}

function rangeToWire({ by, first, last }: KeptRange): Value[] {
  return [deviceKey(by), first, last]
}

function rangeFromWire([by, first, last]: readonly Value[]): KeptRange {
  return { by: deviceFromWire(by), first: asUint(first, 'first second'), last: asUint(last, 'last second') }
}

function deviceFromWire(value: Value | undefined): DeviceId {
  return deviceIdOf(asBytes(value, 'device'))
}

function pathFromWire(value: Value | undefined): DirPath {
  return value === ROOT ? ROOT : parseRelPath(value)
}

function stepFromWire(value: Value): KeptStep {
  const fields = asArray(value, 'step', 7)
  return {
    range: rangeFromWire(fields),
    keptMs: asUint(fields[3], 'time'),
    deleted: asUint(fields[4], 'deletions'),
    replaced: asUint(fields[5], 'replacements'),
    isUndo: asBool(fields[6], 'undo'),
  }
}

function versionToWire(version: KeptVersion): Value {
  const { path, keptMs, sizeBytes, hash, reason, isDirectory, step, by, isDeleted } = version
  const [hashBytes, key] = [hash === null ? null : idBytes(hash), by === null ? null : deviceKey(by)]
  return [path, keptMs, sizeBytes, hashBytes, reason, isDirectory, step, key, isDeleted]
}

function versionFromWire(value: Value): KeptVersion {
  const fields = asArray(value, 'version', 9)
  return {
    path: parseRelPath(fields[0]),
    keptMs: asUint(fields[1], 'time'),
    sizeBytes: asUint(fields[2], 'size'),
    hash: asNullable(fields[3], (bytes) => blobHashOf(asBytes(bytes, 'hash', HASH_BYTES))),
    reason: asText(fields[4], 'reason', TEXT_BYTES_MAX),
    isDirectory: asBool(fields[5], 'directory'),
    step: asNullable(fields[6], (text) => asText(text, 'step', TEXT_BYTES_MAX)),
    by: asNullable(fields[7], deviceFromWire),
    isDeleted: asNullable(fields[8], (flag) => asBool(flag, 'deleted')),
  }
}

function broughtFromWire(value: Value): BroughtPath {
  const fields = asArray(value, 'path', 4)
  const kind = BROUGHT[asUint(fields[1], 'what came of it')]
  if (kind === undefined) throw new ProtocolError('bad-field', 'something else came of a path')
  return {
    path: parseRelPath(fields[0]),
    kind,
    sentence: asNullable(fields[2], (text) => asText(text, 'sentence', TEXT_BYTES_MAX)),
    sizeBytes: asUint(fields[3], 'size'),
  }
}
