/** The simulated folder keeps to what every `FileTree` keeps to. */

import { parseFolderId } from '../../protocol/ids.ts'
import type { OpenedTree, TreeHands } from '../conformance/file-tree-bench.ts'
import { describeFileTree } from '../conformance/file-tree.ts'
import type { SimDevice } from './world.ts'
import { createWorld } from './world.ts'

const FOLDER = parseFolderId('00112233445566778899aabbccddeeff')
const ROOT = '/photos'

describeFileTree('simulated', () => Promise.resolve(openTree()))

function openTree(): OpenedTree {
  const world = createWorld('conformance')
  const device = world.device('anna')
  device.addRoot(ROOT, FOLDER)
  const { tree, store } = device.start((ports) => ({
    tree: ports.openTree(ROOT, FOLDER),
    store: ports.openStore(ROOT),
  }))
  world.scheduler.runByItself()
  return {
    tree,
    store,
    hands: handsBelow(device, ROOT),
    reopen: async () => {
      device.kill({ power: false })
      return device.start((ports) => ports.openTree(ROOT, FOLDER))
    },
    [Symbol.asyncDispose]: async () => device.kill({ power: false }),
  }
}

function handsBelow({ hands }: SimDevice, root: string): TreeHands {
  const at = (path: string): string => `${root}/${path}`
  const found = (path: string): ReturnType<typeof hands.walk>[number] | undefined =>
    hands.walk(root, { isWithHolt: true }).find((each) => each.path === path)
  return {
    write: (path, content, o = {}) => {
      const { mtimeMs, executable: isExecutable } = o
      hands.write(at(path), content, {
        ...(mtimeMs === undefined ? {} : { mtimeMs }),
        ...(isExecutable === undefined ? {} : { isExecutable }),
      })
    },
    symlink: (path, target) => hands.symlink(target, at(path)),
    makeDirectory: (path) => hands.mkdir(at(path)),
    remove: (path) => hands.remove(at(path)),
    rename: (from, path) => hands.rename(at(from), at(path)),
    read: (path) => hands.readText(at(path)),
    target: (path) => {
      const each = found(path)
      return each?.kind === 'symlink' ? each.target : undefined
    },
    isDirectory: (path) => found(path)?.kind === 'directory',
    mtimeMs: (path) => found(path)?.mtimeMs ?? NaN,
    isExecutable: (path) => found(path)?.isExecutable ?? false,
    names: (path) => {
      const below = hands.walk(at(path), { isWithHolt: true })
      return below.map((each) => each.path).filter((name) => !name.includes('/'))
    },
    unmark: () => hands.remove(at('.holt/folder')),
  }
}
