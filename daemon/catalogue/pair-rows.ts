/** Rows of a pair's base, parsed as they are read: what does not fit makes the base a damaged one. */

import { parseBlobHash } from '../../protocol/ids.ts'
import { parseRelPath } from '../../protocol/path.ts'
import type { BaseRow, EndIntent, Item, Side, Sighting } from '../pair-port.ts'
import type { FileIdentity, Fingerprint, VersionName } from '../ports.ts'
import type { EndIdentities } from './pair-base.ts'
import { PairBaseError } from './pair-base-error.ts'

export function encodeItem(item: Item): string {
  switch (item.kind) {
    case 'directory':
      return JSON.stringify(['d', item.isMount])
    case 'symlink':
      return JSON.stringify(['l', item.look, item.target, item.mtimeMs])
    case 'file':
      return JSON.stringify(['f', item.look, item.sizeBytes, item.mtimeMs, item.executable, item.hash])
  }
}

/** @throws PairBaseError `damaged` */
export function parseBaseRow(row: unknown): BaseRow {
  return parsing(() => {
    const { path, source, destination } = fieldsOf(row)
    return { path: parseRelPath(path), source: parseItem(source), destination: parseItem(destination) }
  })
}

/** @throws PairBaseError `damaged` */
export function parseSighting(row: unknown): Sighting {
  return parsing(() => {
    const { side, path, look, hash } = fieldsOf(row)
    return { side: parseSide(side), path: parseRelPath(path), look: parseLook(look), hash: parseBlobHash(hash) }
  })
}

/** @throws PairBaseError `damaged` */
export function parseIntent(text: unknown): EndIntent {
  return parsing(() => {
    const { path, arriving, replaced } = fieldsOf(JSON.parse(parseText(text)))
    return {
      path: parseRelPath(path),
      arriving: arriving === null ? null : (parseText(arriving) as FileIdentity),
      replaced: replaced === null ? null : parseReplaced(fieldsOf(replaced)),
    }
  })
}

/** @throws PairBaseError `damaged` */
export function parseMeta(text: unknown): EndIdentities | undefined {
  if (text === undefined) return undefined
  return parsing(() => {
    const { source, destination } = fieldsOf(JSON.parse(parseText(text)))
    return { source: parseEnd(source), destination: parseEnd(destination) }
  })
}

function parseEnd(value: unknown): { path: string; marker: string } {
  const { path, marker } = fieldsOf(value)
  return { path: parseText(path), marker: parseText(marker) }
}

function parseReplaced({ fingerprint, keepAs }: Fields): NonNullable<EndIntent['replaced']> {
  return { fingerprint: parseLook(fingerprint), keepAs: parseText(keepAs) as VersionName }
}

function parseItem(text: unknown): Item {
  const value: unknown = JSON.parse(parseText(text))
  if (!Array.isArray(value)) throw new TypeError('an item is a list')
  const [kind, first, second, third, fourth, fifth] = value as readonly unknown[]
  if (kind === 'd') return { kind: 'directory', isMount: parseFlag(first) }
  if (kind === 'l')
    return { kind: 'symlink', look: parseLook(first), target: parseText(second), mtimeMs: parseNumber(third) }
  if (kind !== 'f') throw new TypeError('an item has a known kind')
  return {
    kind: 'file',
    look: parseLook(first),
    sizeBytes: parseNumber(second),
    mtimeMs: parseNumber(third),
    executable: fourth === null ? null : parseFlag(fourth),
    hash: fifth === null ? null : parseBlobHash(fifth),
  }
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new TypeError('a row has fields')
  return value as Fields
}

function parseText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a text')
  return value
}

function parseNumber(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new TypeError('not a whole number')
  return value
}

function parseFlag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError('not a yes or no')
  return value
}

function parseSide(value: unknown): Side {
  if (value !== 'source' && value !== 'destination') throw new TypeError('not a side')
  return value
}

function parseLook(value: unknown): Fingerprint {
  return parseText(value) as Fingerprint
}

function parsing<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw new PairBaseError('damaged', 'What was remembered of the pair cannot be read.', { cause })
  }
}
