/** Pure rooms name no clock, no chance and no process: they come in by ports, so that a whole daemon runs from a seed. */

import ts from 'typescript'
import { PURE_ROOMS, roomOf } from './import-rules.ts'
import { violation, walk } from './module.ts'
import type { Rule } from './module.ts'

const FORBIDDEN_GLOBALS = new Set([
  ...['setTimeout', 'setInterval', 'setImmediate', 'process', 'console', 'performance', 'crypto'],
  ...['require', 'global', 'globalThis', 'Buffer', 'fetch'],
])
const FORBIDDEN_MEMBERS = new Set(['Date.now', 'Math.random', 'AbortSignal.timeout'])

export const pureRoomsNameNoWorld: Rule = (module) => {
  if (!PURE_ROOMS.includes(roomOf(module.path))) return []
  const found: ReturnType<Rule> = []
  walk(module.tree, (node) => {
    const name = forbiddenName(node)
    if (name !== undefined) found.push(violation(module, node, `${name} enters ${roomOf(module.path)} by a port`))
  })
  return found
}

function forbiddenName(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const member = `${node.expression.text}.${node.name.text}`
    if (FORBIDDEN_MEMBERS.has(member) && !isDeclared(node.expression)) return member
  }
  // `new Date()` and `Date()` read the clock; `new Date(ms)` does not.
  const isDate = (expression: ts.Expression) => ts.isIdentifier(expression) && expression.text === 'Date'
  if (ts.isNewExpression(node) && isDate(node.expression) && (node.arguments?.length ?? 0) === 0) return 'new Date()'
  if (ts.isCallExpression(node) && isDate(node.expression)) return 'Date()'
  if (!ts.isIdentifier(node) || !FORBIDDEN_GLOBALS.has(node.text)) return undefined
  return isReference(node) && !isDeclared(node) ? node.text : undefined
}

/** Whether the identifier is read as a variable: not a property's name, a declaration or a type. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  if (ts.isShorthandPropertyAssignment(parent)) return true
  if (ts.isBindingElement(parent) || ts.isVariableDeclaration(parent) || ts.isParameter(parent)) {
    return parent.initializer === node
  }
  return ts.isExpression(node) && !ts.isTypeElement(parent) && !ts.isClassElement(parent) && !isTypePosition(parent)
}

function isTypePosition(parent: ts.Node): boolean {
  return (
    ts.isTypeNode(parent) || ts.isQualifiedName(parent) || ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)
  )
}

/** Whether an enclosing function, block or file declares the name, so that it is not the global. */
function isDeclared(node: ts.Identifier): boolean {
  for (let scope: ts.Node = node.parent; ; scope = scope.parent) {
    if (declaredNames(scope).has(node.text)) return true
    if (ts.isSourceFile(scope)) return false
  }
}

function declaredNames(scope: ts.Node): Set<string> {
  const names = new Set<string>()
  if (ts.isFunctionLike(scope)) for (const parameter of scope.parameters) addBinding(parameter.name, names)
  if (ts.isForStatement(scope) || ts.isForOfStatement(scope) || ts.isForInStatement(scope)) {
    if (scope.initializer && ts.isVariableDeclarationList(scope.initializer)) addList(scope.initializer, names)
  }
  if (ts.isCatchClause(scope) && scope.variableDeclaration) addBinding(scope.variableDeclaration.name, names)
  if (!ts.isBlock(scope) && !ts.isSourceFile(scope) && !ts.isCaseOrDefaultClause(scope)) return names
  for (const statement of scope.statements) addStatement(statement, names)
  return names
}

function addStatement(statement: ts.Statement, names: Set<string>): void {
  if (ts.isVariableStatement(statement)) addList(statement.declarationList, names)
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    if (statement.name) names.add(statement.name.text)
  }
  if (!ts.isImportDeclaration(statement)) return
  const clause = statement.importClause
  if (clause?.name) names.add(clause.name.text)
  const bindings = clause?.namedBindings
  if (bindings && ts.isNamespaceImport(bindings)) names.add(bindings.name.text)
  if (bindings && ts.isNamedImports(bindings)) for (const element of bindings.elements) names.add(element.name.text)
}

function addList(list: ts.VariableDeclarationList, names: Set<string>): void {
  for (const declaration of list.declarations) addBinding(declaration.name, names)
}

function addBinding(name: ts.BindingName, names: Set<string>): void {
  if (ts.isIdentifier(name)) {
    names.add(name.text)
    return
  }
  for (const element of name.elements) if (ts.isBindingElement(element)) addBinding(element.name, names)
}
