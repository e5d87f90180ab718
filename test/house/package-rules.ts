/** `package.json` and the imports say the same: what ships imports only dependencies, and every dependency is imported by it. */

import { builtinModules } from 'node:module'
import type { SourceModule } from './module.ts'

export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** Tools that are run and never imported. */
const TOOLS = new Set(['node', 'eslint', 'prettier', 'typescript-eslint', '@eslint/js'])
/** What the launcher and package managers can rely on: nothing that moves. */
const EXACT = /^\d+\.\d+\.\d+$/

export function comparePackages(modules: readonly SourceModule[], manifest: Manifest): string[] {
  const shipped = modules.filter(({ path }) => /^(protocol|daemon|cli|web)\//.test(path))
  const all = { ...manifest.dependencies, ...manifest.devDependencies }
  const missing = modules.flatMap((module) =>
    module.imports.flatMap(({ specifier, isTypeOnly, line }) => {
      const name = packageOf(specifier)
      if (name === undefined) return []
      const known = shipped.includes(module) && !isTypeOnly ? manifest.dependencies : all
      const hasTypes = isTypeOnly && typesOf(name) in all
      return name in known || hasTypes
        ? []
        : [`${module.path}:${line} imports ${name}, which package.json does not have`]
    }),
  )
  const loose = Object.entries(all).filter(([, version]) => !EXACT.test(version))
  return [
    ...missing,
    ...unusedOf(Object.keys(manifest.dependencies), shipped).map((name) => `nothing that ships imports ${name}`),
    ...unusedOf(Object.keys(manifest.devDependencies), modules).map((name) => `nothing imports ${name}`),
    ...loose.map(([name, version]) => `${name} is not pinned: ${version}`),
  ]
}

function unusedOf(names: readonly string[], modules: readonly SourceModule[]): string[] {
  const used = new Set(modules.flatMap(({ imports }) => imports.map(({ specifier }) => packageOf(specifier))))
  return names.filter((name) => !used.has(name) && !name.startsWith('@types/') && !TOOLS.has(name))
}

function typesOf(name: string): string {
  return `@types/${name.replace(/^@/, '').replace('/', '__')}`
}

function packageOf(specifier: string): string | undefined {
  if (/^[./]|^node:/.test(specifier) || builtinModules.includes(specifier)) return undefined
  return /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0]
}
