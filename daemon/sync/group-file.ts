/**
 * The group log among the daemon's small files: `group` holds all operations, predecessors first, as canonical CBOR
 * `[1, [[body, signature]…]]`, and is replaced whole. `recovery-<groupId>` holds the twelve words of a group that was founded
 * here, until they have been shown.
 */

import { asArray, asList, asUint, decode, encode } from '../../protocol/codec.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { GroupOp } from '../../protocol/group.ts'
import { openOp } from '../../protocol/group.ts'
import type { GroupId } from '../../protocol/ids.ts'
import { GROUP_OPS_MAX } from '../../protocol/limits.ts'
import { signedFromWire, signedToWire } from '../../protocol/manifest.ts'
import type { GroupGraph } from '../core/group-graph.ts'
import { buildGraph } from '../core/group-graph.ts'
import type { StateFiles } from '../ports.ts'
import { GroupError } from './group-error.ts'

const LOG_FILE = 'group'
const RECOVERY_PREFIX = 'recovery-'
const VERSION = 1
const NEWER = 'the group log was written by a newer Holt; nothing was changed. Update Holt here.'

/** Undefined when there is no group yet. @throws GroupError `log-corrupt`, `newer` */
export async function readGroupFile(files: StateFiles, crypto: Crypto): Promise<GroupGraph | undefined> {
  const bytes = await files.read(LOG_FILE)
  if (bytes === undefined) return undefined
  try {
    const fields = asArray(decode(bytes), 'group log', 2)
    if (asUint(fields[0], 'version') !== VERSION) throw new GroupError('newer', NEWER)
    const ops = asList(fields[1], 'operations', GROUP_OPS_MAX).map((op) => openOp(signedFromWire(op), crypto))
    return wholeGraph(ops)
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new GroupError('log-corrupt', `the group log of this device is damaged: ${cause.message}`, { cause })
  }
}

/** When it resolves, the log survives a power cut. */
export async function writeGroupFile(files: StateFiles, ops: readonly GroupOp[]): Promise<void> {
  await files.write(LOG_FILE, encode([VERSION, ops.map(({ signed }) => signedToWire(signed))]))
}

/** The graph of operations that must be one whole log. @throws ProtocolError `broken-chain` */
export function wholeGraph(ops: readonly GroupOp[]): GroupGraph {
  const [genesis, ...others] = ops.filter(({ change }) => change.kind === 'genesis')
  if (genesis === undefined || others.some(({ hash }) => hash !== genesis.hash))
    throw new ProtocolError('broken-chain', 'a group has one beginning')
  const graph = buildGraph(genesis, ops)
  if (ops.some(({ hash }) => graph.get(hash) === undefined))
    throw new ProtocolError('broken-chain', 'operations of a group do not hang together')
  return graph
}

export async function writeRecoveryWords(files: StateFiles, group: GroupId, words: string): Promise<void> {
  await files.write(RECOVERY_PREFIX + group, new TextEncoder().encode(`${words}\n`))
}

/** The words of a group that was founded here, or undefined. */
export async function readRecoveryWords(files: StateFiles, group: GroupId): Promise<string | undefined> {
  const bytes = await files.read(RECOVERY_PREFIX + group)
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes).trim()
}

/** Removes words of groups that are no more. */
export async function dropOtherRecoveryWords(files: StateFiles, kept: GroupId | null): Promise<void> {
  for (const name of await files.list(RECOVERY_PREFIX)) {
    if (name !== `${RECOVERY_PREFIX}${kept ?? ''}`) await files.remove(name)
  }
}

/**
 * Forgets the group, after this device has left it. The next start founds a new one, which needs a new identity: a removed
 * key is never added again.
 */
export async function forgetGroup(files: StateFiles): Promise<void> {
  await files.remove(LOG_FILE)
  await dropOtherRecoveryWords(files, null)
}
