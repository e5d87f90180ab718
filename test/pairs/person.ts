/** Random trees and edits of the two sides of a pair. */

import fc from 'fast-check'
import { lstatSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { put, remove } from './pair-bench.ts'

const NAMES = ['a', 'b', 'c', 'd']

export type Edit =
  | { readonly kind: 'write'; readonly path: string; readonly text: string; readonly ms: number }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'make-directory'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }

/** Few names, so that edits meet; few texts, so that contents repeat. */
const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
const text = fc.constantFrom('one', 'two', 'six', 'seven', '')
const ms = fc.integer({ min: 0, max: 4_000_000_000_000 })

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), path, text, ms }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('make-directory' as const), path }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('rename' as const), from: path, path }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('link' as const), path, target: text.filter((t) => t !== '') }),
  },
)

export const edits = fc.array(edit, { maxLength: 12 })

/** As a person would: what is in the way of a new file goes, what is not there is not renamed. @returns the texts that it wrote over or removed */
export function carryOut(directory: string, one: Edit): void {
  const at = join(directory, one.path)
  switch (one.kind) {
    case 'write':
      clearWay(directory, one.path)
      put(directory, one.path, one.text, one.ms)
      return
    case 'remove':
      remove(directory, one.path)
      return
    case 'make-directory':
      if (isFileAbove(directory, one.path) || isThere(at)) return
      mkdirSync(at, { recursive: true })
      return
    case 'rename': {
      const from = join(directory, one.from)
      const isInside = one.path === one.from || one.path.startsWith(`${one.from}/`)
      if (isInside || !isThere(from) || isThere(at) || isFileAbove(directory, one.path)) return
      mkdirSync(dirname(at), { recursive: true })
      renameSync(from, at)
      return
    }
    case 'link':
      if (isFileAbove(directory, one.path) || isThere(at)) return
      mkdirSync(dirname(at), { recursive: true })
      symlinkSync(one.target, at)
  }
}

/** A link that leads nowhere is there, too. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOTDIR') return false
    throw cause
  }
}

function isFileAbove(directory: string, path: string): boolean {
  const names = path.split('/').slice(0, -1)
  return names.some((_, index) => {
    const stats = lstatSync(join(directory, ...names.slice(0, index + 1)), { throwIfNoEntry: false })
    return stats !== undefined && !stats.isDirectory()
  })
}

/** Files above become directories, a directory there becomes a file. */
function clearWay(directory: string, path: string): void {
  const names = path.split('/')
  for (let count = 1; count <= names.length; count += 1) {
    const at = names.slice(0, count).join('/')
    const stats = lstatSync(join(directory, at), { throwIfNoEntry: false })
    if (stats !== undefined && stats.isDirectory() === (count === names.length)) remove(directory, at)
    else if (stats?.isSymbolicLink() === true) remove(directory, at)
  }
}
