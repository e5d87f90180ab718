/** A source file as the house rules see it. */

import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { posix } from 'node:path'
import ts from 'typescript'

export interface SourceModule {
  /** From the root of the repository, with `/`. */
  readonly path: string
  readonly text: string
  readonly tree: ts.SourceFile
  readonly imports: readonly ModuleImport[]
}

export interface ModuleImport {
  /** As written. */
  readonly specifier: string
  /** From the root of the repository; null for packages and `node:*`. */
  readonly target: string | null
  /** Nothing of it is left at run time. */
  readonly isTypeOnly: boolean
  readonly line: number
}

export interface Violation {
  readonly path: string
  readonly line: number
  /** What is wrong and what to do instead. */
  readonly message: string
}

export type Rule = (module: SourceModule) => Violation[]

export function parseModule(path: string, text: string): SourceModule {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true)
  return { path, text, tree, imports: findImports(path, tree) }
}

/** Every `.ts` file below the directories, sorted by path. */
export async function readModules(root: string, directories: readonly string[]): Promise<SourceModule[]> {
  const paths: string[] = []
  for (const directory of directories) {
    const names = await readdir(join(root, directory), { recursive: true }).catch(() => [])
    paths.push(...names.map((name) => posix.join(directory, name.replaceAll('\\', '/'))))
  }
  const sources = paths.filter((path) => path.endsWith('.ts') && !path.includes('node_modules')).sort()
  return Promise.all(sources.map(async (path) => parseModule(path, await readFile(join(root, path), 'utf8'))))
}

export function violation(module: SourceModule, node: ts.Node, message: string): Violation {
  return { path: module.path, line: lineOf(module.tree, node), message }
}

export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1
}

/** Calls back for the node and everything below it, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

function findImports(path: string, tree: ts.SourceFile): ModuleImport[] {
  const imports: ModuleImport[] = []
  walk(tree, (node) => {
    const found = importOf(node)
    if (found === undefined) return
    const { specifier } = found
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null
    imports.push({ ...found, target, line: lineOf(tree, node) })
  })
  return imports
}

function importOf(node: ts.Node): { specifier: string; isTypeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const isTypeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    return { specifier: node.moduleSpecifier.text, isTypeOnly }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, isTypeOnly: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { specifier: node.argument.literal.text, isTypeOnly: true }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments
    if (argument && ts.isStringLiteralLike(argument)) return { specifier: argument.text, isTypeOnly: false }
  }
  return undefined
}
