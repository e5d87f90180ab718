/** The simulated store keeps to what every `BlobStore` keeps to. */

import { parseFolderId } from '../../protocol/ids.ts'
import type { OpenedStore } from '../conformance/blob-store-bench.ts'
import { describeBlobStore } from '../conformance/blob-store.ts'
import { incomingPath } from './tree-root.ts'
import { createWorld } from './world.ts'

const FOLDER = parseFolderId('00112233445566778899aabbccddeeff')
const ROOT = '/photos'

describeBlobStore('simulated', () => Promise.resolve(openStore()))

function openStore(): OpenedStore {
  const world = createWorld('conformance')
  const device = world.device('anna')
  device.addRoot(ROOT, FOLDER)
  const store = device.start((ports) => ports.openStore(ROOT))
  world.scheduler.runByItself()
  return {
    store,
    reopen: async () => {
      device.kill({ power: false })
      return device.start((ports) => ports.openStore(ROOT))
    },
    damagePart: (hash, offset) => {
      const part = `${incomingPath(ROOT)}/${hash}.part`
      const bytes = device.hands.read(part) ?? new Uint8Array()
      bytes[offset] = (bytes[offset] ?? 0) ^ 1
      device.hands.write(part, bytes)
    },
    spoil: (hash, bytes) => device.hands.write(`${incomingPath(ROOT)}/${hash}`, bytes),
    [Symbol.asyncDispose]: async () => device.kill({ power: false }),
  }
}
