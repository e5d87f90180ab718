/** The version of the program, as its package says it. */

import { readFile } from 'node:fs/promises'

/** From a clone or from its `dist/`. */
export async function readVersion(): Promise<string> {
  const root = import.meta.url.endsWith('.ts') ? '../' : '../../'
  const value: unknown = JSON.parse(await readFile(new URL(`${root}package.json`, import.meta.url), 'utf8'))
  return typeof value === 'object' && value !== null && 'version' in value ? String(value.version) : 'unknown'
}
