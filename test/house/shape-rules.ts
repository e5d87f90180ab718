/** Sizes, names and exports. */

import { posix } from 'node:path'
import ts from 'typescript'
import { lineOf, violation, walk } from './module.ts'
import type { Rule } from './module.ts'

export const FILE_LINES_MAX = 400
export const FUNCTION_LINES_MAX = 70

export const filesAreShort: Rule = (module) => {
  const lines = module.text.replace(/\n$/, '').split('\n').length
  if (lines <= FILE_LINES_MAX) return []
  return [{ path: module.path, line: 1, message: `${lines} lines; at most ${FILE_LINES_MAX}, aim at 120` }]
}

/** A callback of `describe` or `it` counts for itself and not for what is around it. */
export const functionsAreShort: Rule = (module) => {
  const found: ReturnType<Rule> = []
  walk(module.tree, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return
    const lines = ownLines(module.tree, node)
    if (lines <= FUNCTION_LINES_MAX) return
    found.push(violation(module, node, `a function of ${lines} lines; at most ${FUNCTION_LINES_MAX}, aim at 25`))
  })
  return found
}

export const namesAreKebab: Rule = (module) => {
  const words = module.path.replace(/\.test\.ts$/, '.ts').split('/')
  const isKebab = words.every((word, index) =>
    (index === words.length - 1 ? /^[a-z0-9]+(-[a-z0-9]+)*\.ts$/ : /^[a-z0-9]+(-[a-z0-9]+)*$/).test(word),
  )
  return isKebab ? [] : [{ path: module.path, line: 1, message: 'names of files and directories are kebab-case' }]
}

export const namesSayWhat: Rule = (module) => {
  const vague = /(^|[/.-])(utils?|helpers?|common|misc)([/.-]|$)/.exec(module.path)
  if (vague === null) return []
  return [
    {
      path: module.path,
      line: 1,
      message: `"${vague[2] ?? ''}" says nothing: a function without a home is missing a concept`,
    },
  ]
}

export const exportsAreNamed: Rule = (module) =>
  module.tree.statements
    .filter((statement) => ts.isExportAssignment(statement) || hasDefault(statement))
    .map((statement) => violation(module, statement, 'a default export; name it'))

/** A file that only passes on what others export, or passes on everything of another. */
export const noBarrels: Rule = (module) => {
  const { statements } = module.tree
  const stars = statements.filter((one) => ts.isExportDeclaration(one) && one.moduleSpecifier && !one.exportClause)
  const found = stars.map((star) =>
    violation(module, star, 'export * hides where a name comes from; import it from its file'),
  )
  const isBarrel = statements.length > 0 && statements.every((one) => ts.isImportDeclaration(one) || isReexport(one))
  if (isBarrel && statements.some(isReexport))
    found.push({ path: module.path, line: 1, message: 'a barrel: import from the files themselves' })
  if (posix.basename(module.path) === 'index.ts')
    found.push({ path: module.path, line: 1, message: 'index.ts is a barrel by name' })
  return found
}

export const startsWithAComment: Rule = (module) =>
  /^(#!.*\n)?\/\*\*/.test(module.text)
    ? []
    : [{ path: module.path, line: 1, message: 'the module comment is missing: say in a sentence what lives here' }]

function isReexport(statement: ts.Statement): boolean {
  return ts.isExportDeclaration(statement)
}

function hasDefault(statement: ts.Statement): boolean {
  if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
    return statement.exportClause.elements.some((element) => element.name.text === 'default')
  }
  if (!ts.canHaveModifiers(statement)) return false
  return (ts.getModifiers(statement) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword)
}

function ownLines(tree: ts.SourceFile, node: ts.Node): number {
  const last = tree.getLineAndCharacterOfPosition(node.getEnd()).line + 1
  let lines = last - lineOf(tree, node) + 1
  const leaveOut = (child: ts.Node): void => {
    if (isTestCall(child)) {
      lines -= tree.getLineAndCharacterOfPosition(child.getEnd()).line + 1 - lineOf(tree, child)
      return
    }
    ts.forEachChild(child, leaveOut)
  }
  ts.forEachChild(node, leaveOut)
  return lines
}

function isTestCall(node: ts.Node): boolean {
  if (!ts.isCallExpression(node)) return false
  const callee = ts.isPropertyAccessExpression(node.expression) ? node.expression.expression : node.expression
  return ts.isIdentifier(callee) && ['describe', 'suite', 'it', 'test'].includes(callee.text)
}
