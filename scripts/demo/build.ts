/** The launcher prefers `dist/` where there is one: a demo of yesterday's build would be none. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = ['protocol', 'daemon', 'cli']

/** Nothing is built where the launcher runs the sources themselves. @throws Error when the build fails */
export async function buildIfStale(): Promise<void> {
  const built = join(ROOT, 'dist', 'cli', 'main.js')
  if (!existsSync(built) || newestMs() <= statSync(built).mtimeMs) return
  process.stdout.write('Building: the sources are newer than dist/ …\n')
  const child = spawn('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' })
  await once(child, 'close')
  if (child.exitCode !== 0) throw new Error('the build failed')
}

function newestMs(): number {
  const files = SOURCES.flatMap((room) => readdirSync(join(ROOT, room), { recursive: true, withFileTypes: true }))
  const times = files.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs)
  return Math.max(...times)
}
