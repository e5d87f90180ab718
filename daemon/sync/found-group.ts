/** The first start: this device founds a group of one, or opens the log of the group that it is in. */

import type { FolderRecord, GroupOp } from '../../protocol/group.ts'
import { GENESIS_NONCE_BYTES, sealOp } from '../../protocol/group.ts'
import type { Recovery } from '../../protocol/recovery.ts'
import { RECOVERY_ENTROPY_BYTES } from '../../protocol/recovery.ts'
import { buildGraph } from '../core/group-graph.ts'
import { HLC_START, nextHlc } from '../core/hlc.ts'
import type { Random } from '../ports.ts'
import {
  dropOtherRecoveryWords,
  readExpulsion,
  readGroupFile,
  writeGroupFile,
  writeRecoveryWords,
} from './group-file.ts'
import { GroupLog } from './group-log.ts'
import type { GroupLogPorts } from './group-log.ts'

/** What a group of one is made of; read only when there is no log yet. */
export interface Founding {
  readonly groupName: string
  readonly deviceName: string
  /** X25519 public key of this device, 32 bytes. */
  readonly exchangeKey: Uint8Array
  readonly random: Random
  /** `createRecovery` of `protocol/recovery.ts`, which is slow by intent. */
  readonly createRecovery: (entropy: Uint8Array) => Recovery
  /** Folders that this device holds from a group that it left. */
  readonly folders: readonly FolderRecord[]
}

/** @throws GroupError `log-corrupt` */
export async function openGroupLog(ports: GroupLogPorts, founding: Founding): Promise<GroupLog> {
  const known = await readGroupFile(ports.files, ports.crypto)
  if (known !== undefined) return new GroupLog(ports, known, await readExpulsion(ports.files, ports.crypto))
  const recovery = founding.createRecovery(founding.random.bytes(RECOVERY_ENTROPY_BYTES))
  const genesis = sealGenesis(ports, founding, recovery)
  // The words first: a group whose words were never written could not be recovered, a file too much is removed.
  await writeRecoveryWords(ports.files, genesis.group, recovery.words)
  const ops = sealFolders(ports, genesis, founding.folders)
  await writeGroupFile(ports.files, ops)
  await dropOtherRecoveryWords(ports.files, genesis.group)
  return new GroupLog(ports, buildGraph(genesis, ops))
}

function sealGenesis({ clock, signer, crypto }: GroupLogPorts, founding: Founding, recovery: Recovery): GroupOp {
  const { deviceName: name, exchangeKey } = founding
  const change = {
    kind: 'genesis',
    name: founding.groupName,
    nonce: founding.random.bytes(GENESIS_NONCE_BYTES),
    recovery: recovery.device,
    recoveryExchangeKey: recovery.exchangeKey,
    founder: { device: signer.device, exchangeKey, name, role: 'admin' },
  } as const
  return sealOp({ group: null, prev: [], hlc: nextHlc(HLC_START, clock.wallMs()), change }, signer, crypto)
}

function sealFolders(ports: GroupLogPorts, genesis: GroupOp, folders: readonly FolderRecord[]): GroupOp[] {
  const ops = [genesis]
  let last = genesis
  for (const record of folders) {
    const hlc = nextHlc(last.hlc, ports.clock.wallMs())
    const draft = { group: genesis.group, prev: [last.hash], hlc, change: { kind: 'folder', record } } as const
    last = sealOp(draft, ports.signer, ports.crypto)
    ops.push(last)
  }
  return ops
}
