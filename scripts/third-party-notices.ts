/** The licences of what is bundled: MIT and BSD ask that their texts go wherever the code goes. */

import { readFile, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'

/** A file that holds a licence, or what it asks to be passed on. */
const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i
/** Licences that let their code be passed on under MIT, given their text. */
const FREE = /^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0|0BSD|Unlicense|CC0-1\.0|Apache-2\.0 OR MIT|MIT OR Apache-2\.0)$/

interface Package {
  readonly name: string
  readonly version: string
  readonly licence: string
  readonly text: string
}

/**
 * @param files paths of bundled files, relative to the root; those of no package are ours
 * @throws Error where a package says no licence, or one that does not let it be bundled
 */
export async function noticesOf(root: string, files: readonly string[]): Promise<string> {
  const directories = new Set(files.flatMap((file) => packageDirectoryOf(file) ?? []))
  const packages = await Promise.all([...directories].map((directory) => readPackage(join(root, directory))))
  const byName = new Map(packages.map((each) => [`${each.name} ${each.version}`, each]))
  const sorted = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
  return [
    'Holt contains code of these packages, each under its own licence.\n',
    ...sorted.map(
      ({ name, version, licence, text }) => `${'='.repeat(80)}\n${name} ${version} (${licence})\n\n${text}\n`,
    ),
  ].join('\n')
}

/** `…/node_modules/@scope/name` of a file of that package. */
export function packageDirectoryOf(file: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]
}

async function readPackage(directory: string): Promise<Package> {
  const manifest: unknown = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
  const name = fieldOf(manifest, 'name')
  const licence = fieldOf(manifest, 'license').replace(/^\((.*)\)$/, '$1')
  if (!FREE.test(licence)) throw new Error(`${name} is bundled, and its licence is "${licence}"`)
  const texts = await readLicences(await realpath(directory))
  if (texts.length === 0 && /\bMIT\b/.test(licence)) texts.push(mitOf(authorOf(manifest) ?? `the authors of ${name}`))
  if (texts.length === 0) throw new Error(`${name} is bundled, and has no file with its licence (${licence})`)
  return { name, version: fieldOf(manifest, 'version'), licence, text: texts.join('\n\n') }
}

async function readLicences(directory: string): Promise<string[]> {
  const found = await readdir(directory, { withFileTypes: true })
  const names = found.filter((each) => each.isFile() && LICENCE_FILE.test(each.name)).map(({ name }) => name)
  return Promise.all(names.sort().map(async (name) => (await readFile(join(directory, name), 'utf8')).trim()))
}

function authorOf(manifest: unknown): string | undefined {
  if (typeof manifest !== 'object' || manifest === null || !('author' in manifest)) return undefined
  const { author } = manifest
  return (typeof author === 'string' ? author : fieldOf(author, 'name')) || undefined
}

/** Of a package that says "MIT" in its manifest and brings no file: the text that this stands for. */
function mitOf(author: string): string {
  return `Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software
is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES
OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE
LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR
IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`
}

function fieldOf(manifest: unknown, key: string): string {
  if (typeof manifest !== 'object' || manifest === null) return ''
  const value: unknown = Object.entries(manifest).find(([name]) => name === key)?.[1]
  return typeof value === 'string' ? value : ''
}
