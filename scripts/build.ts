/**
 * Builds what ships into `dist/`: one bundle for the daemon, its threads and the library, one for the command line, the types
 * of the library, and the licences of all that is bundled. Native packages stay outside, for npm to choose.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtinModules } from 'node:module'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'
import { noticesOf } from './third-party-notices.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(ROOT, 'dist')
/** They choose their binary by the machine that they are installed on. */
const NATIVE = ['better-sqlite3', '@napi-rs/blake-hash', 'blake3']
/** What CommonJS packages call, which no ES module has. */
const REQUIRE = `import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);`

interface Bundle {
  readonly directory: string
  readonly entries: readonly string[]
}

/**
 * An ES module that imports `node:http` has Node look at all that it exports, and so load what nobody asked for: 60 ms and 11 MiB
 * at each start. `require` takes only what is there.
 */
const builtinsByRequire: Plugin = {
  name: 'builtins-by-require',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /./ }, ({ path, kind }) => {
      const isBuiltin = path.startsWith('node:') || builtinModules.includes(path)
      if (!isBuiltin) return undefined
      return kind === 'import-statement' ? { path, namespace: 'builtin' } : { path, external: true }
    })
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
  },
}

/** All files of a bundle lie beside its entries: paths beside a module, and the way up to package.json, are as in the sources. */
const BUNDLES: readonly Bundle[] = [
  { directory: 'daemon', entries: ['main.ts', 'process.ts', 'daemon-thread.ts', 'sync-pair.ts'] },
  { directory: 'cli', entries: ['main.ts'] },
]

await rm(DIST, { recursive: true, force: true })
const inputs = (await Promise.all(BUNDLES.map(bundle))).flat()
await writeFile(join(DIST, 'THIRD-PARTY-NOTICES.txt'), await noticesOf(ROOT, inputs))
await emitTypes()

/** @returns the files that it was made of, relative to the root */
async function bundle({ directory, entries }: Bundle): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: entries.map((entry) => join(directory, entry)),
    outdir: join(DIST, directory),
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    // Names and lines stay as they are written: the stack in a crash report is to be read by a person.
    minifySyntax: true,
    external: [...NATIVE],
    plugins: [builtinsByRequire],
    banner: { js: REQUIRE },
    metafile: true,
    logLevel: 'warning',
  })
  return Object.values(metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  )
}

async function emitTypes(): Promise<void> {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const child = spawn(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.build.json')], { stdio: 'inherit' })
  await once(child, 'close')
  if (child.exitCode !== 0) throw new Error('the types of the library could not be made')
}
