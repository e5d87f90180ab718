/** The shapes of what `holt … --json` prints, by the names that the commands give them. */

import { z } from 'zod'
import { zApi, zConfig, zDoctor, zLogRecord, zStatus } from '../protocol/api/daemon.ts'
import { zDevice, zDeviceList } from '../protocol/api/devices.ts'
import { zConflictPage, zEntry } from '../protocol/api/entries.ts'
import { zEvent } from '../protocol/api/events.ts'
import { zRecovery } from '../protocol/api/recovery.ts'
import { zLimits } from '../protocol/api/limits.ts'
import { zWhy } from '../protocol/api/why.ts'
import { zFolder, zFolderList, zScan } from '../protocol/api/folders.ts'
import { zVerification } from '../protocol/api/verify.ts'
import { zRestored, zUndoList, zUndone, zVersionPage } from '../protocol/api/versions.ts'
import { zPairEvent } from '../protocol/api/pairs.ts'

/** The command line's own: the daemon knows nothing of services. */
const zServiceStatus = z.object({
  kind: z.enum(['systemd', 'launchd', 'windows-run']),
  name: z.string().describe('As the service manager knows it'),
  place: z.string().describe('A file, or a key of the registry'),
  isInstalled: z.boolean(),
  isActive: z.boolean().nullable().describe('Null where the system does not know'),
})

export const JSON_SHAPES: Readonly<Record<string, z.ZodType>> = {
  Api: zApi,
  Config: zConfig,
  ConflictPage: zConflictPage,
  Device: zDevice,
  DeviceList: zDeviceList,
  Doctor: zDoctor,
  Entry: zEntry,
  Event: zEvent,
  Folder: zFolder,
  FolderList: zFolderList,
  Limits: zLimits,
  LogRecord: zLogRecord,
  PairEvent: zPairEvent,
  Recovery: zRecovery,
  Scan: zScan,
  ServiceStatus: zServiceStatus,
  Restored: zRestored,
  Status: zStatus,
  Verification: zVerification,
  UndoList: zUndoList,
  Undone: zUndone,
  VersionPage: zVersionPage,
  Why: zWhy,
}

const INDENT = '  '
/** A shape that fits is written on one line. */
const LINE_LENGTH_MAX = 118
/** An enumeration of more than these is a text to all who read the page. */
const CHOICES_MAX = 16
/** Said once above all shapes. */
const DULL_NOTE = /^(A device|A folder|A group|BLAKE3|Milliseconds|An absolute path)/

/** Each shape once, as TypeScript would write its type, with what its schema says of it. */
export function describeShapes(): string {
  const shapes = new Map<string, Node>()
  for (const [name, schema] of Object.entries(JSON_SHAPES)) {
    const { $defs = {}, ...root } = zNode.parse(z.toJSONSchema(schema, { unrepresentable: 'any' }))
    if (root.$ref === undefined) shapes.set(name, root)
    for (const [id, node] of Object.entries($defs)) shapes.set(id, node)
  }
  const names = [...shapes.keys()].sort()
  return names
    .map((name) => `type ${name} = ${printNode(shapes.get(name) ?? {}, '')}`.replace('= \n', '=\n'))
    .join('\n\n')
}

interface Node {
  readonly type?: string | string[] | undefined
  readonly const?: unknown
  readonly enum?: unknown[] | undefined
  readonly anyOf?: Node[] | undefined
  readonly oneOf?: Node[] | undefined
  readonly items?: Node | undefined
  readonly properties?: Record<string, Node> | undefined
  readonly additionalProperties?: Node | boolean | undefined
  readonly $ref?: string | undefined
  readonly $defs?: Record<string, Node> | undefined
  readonly description?: string | undefined
}

const zNode: z.ZodType<Node> = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  get anyOf() {
    return z.array(zNode).optional()
  },
  get oneOf() {
    return z.array(zNode).optional()
  },
  get items() {
    return zNode.optional()
  },
  get properties() {
    return z.record(z.string(), zNode).optional()
  },
  get additionalProperties() {
    return z.union([zNode, z.boolean()]).optional()
  },
  $ref: z.string().optional(),
  get $defs() {
    return z.record(z.string(), zNode).optional()
  },
  description: z.string().optional(),
})

function printNode(node: Node, indent: string): string {
  if (node.$ref !== undefined) return node.$ref.replace('#/$defs/', '')
  if (node.const !== undefined) return quote(node.const)
  if (node.enum !== undefined) return node.enum.length > CHOICES_MAX ? 'string' : node.enum.map(quote).join(' | ')
  const union = node.anyOf ?? node.oneOf
  if (union !== undefined) return printUnion(union, indent)
  if (node.items !== undefined) {
    const item = printNode(node.items, indent)
    return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
  }
  if (node.properties !== undefined) return printObject(node.properties, indent)
  if (node.type === 'object') {
    const value = typeof node.additionalProperties === 'object' ? node.additionalProperties : {}
    return `{ [name: string]: ${printNode(value, indent)} }`
  }
  const types = Array.isArray(node.type) ? node.type : [node.type ?? 'unknown']
  return types.map((type) => (type === 'integer' ? 'number' : type)).join(' | ')
}

function printUnion(union: readonly Node[], indent: string): string {
  const members = [...new Set(union.map((member) => printNode(member, `${indent}${INDENT}`)))]
  const line = members.join(' | ')
  if (members.length <= 2 || indent.length + line.length < LINE_LENGTH_MAX) return line
  return members.map((member) => `\n${indent}${INDENT}| ${member}`).join('')
}

function printObject(properties: Readonly<Record<string, Node>>, indent: string): string {
  const inner = `${indent}${INDENT}`
  const parts = Object.entries(properties).map(([name, node]) => ({
    text: `${name}: ${printNode(node, inner)}`,
    note: node.description === undefined || DULL_NOTE.test(node.description) ? '' : ` // ${node.description}`,
  }))
  const line = `{ ${parts.map(({ text }) => text).join('; ')} }`
  const isShort = line.length + indent.length < LINE_LENGTH_MAX && !line.includes('\n')
  if (isShort && parts.every(({ note }) => note === '')) return line
  return `{\n${parts.map(({ text, note }) => `${inner}${text}${note}\n`).join('')}${indent}}`
}

function quote(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
}
