/** Names and links that one of two systems cannot hold: blocked there, with the reason, and kept by the other. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SimDaemon } from '../sim/daemon.ts'
import { ROOT } from '../sim/daemon.ts'
import type { DiskOptions } from '../sim/disk.ts'
import type { SimDevice } from '../sim/world.ts'
import { folderSettings } from '../../daemon/sync/settings.ts'
import { DaemonBench } from './daemon-bench.ts'
import { FOLDER } from './scripted-log.ts'

/** Longer than a full scan. */
const LATER_MS = 200_000
const CASELESS: DiskOptions = { isCaseSensitive: false }
const WINDOWS: DiskOptions = {
  isCaseSensitive: false,
  isWindows: true,
  holdsExecutableBit: false,
  holdsSymlinks: false,
}

interface Two {
  readonly bench: DaemonBench
  readonly linux: SimDevice
  readonly other: SimDevice
  readonly linuxDaemon: SimDaemon
  readonly otherDaemon: SimDaemon
}

/** A Linux device, and one with another kind of disk. */
async function withTwo(
  seed: number,
  disk: DiskOptions,
  before: (linux: SimDevice) => void,
  body: (two: Two) => Promise<void>,
): Promise<void> {
  await using bench = new DaemonBench(seed)
  const [linux, other] = [bench.device('linux'), bench.device('other', disk)]
  before(linux)
  const linuxDaemon = bench.begin(linux, 'added')
  const otherDaemon = bench.begin(other, 'accepted')
  const isSaid = (): boolean => linuxDaemon.catalogue.read((tx) => tx.totals(FOLDER)).live > 0
  await bench.until(isSaid, 'the first device to say what it has')
  await bench.world.runFor(10_000)
  await body({ bench, linux, other, linuxDaemon, otherDaemon })
}

const at = (path: string): string => `${ROOT}/${path}`

function files(device: SimDevice): string[] {
  return device.hands.walk(ROOT).flatMap(({ path, kind }) => (kind === 'directory' ? [] : [path]))
}

function blocked({ sync }: SimDaemon): string[] {
  const folder = sync.engine.folder(FOLDER)
  const problems = [...(folder?.blocked.values() ?? [])].map(({ problem }) => problem)
  return [...problems, ...(folder?.failures.values() ?? []), ...[...(folder?.problems.values() ?? [])].flat()]
    .map(({ path, code }) => `${path} ${code}`)
    .sort()
}

describe('two names that are one on a disk without upper and lower case', () => {
  const make = ({ hands }: SimDevice): void => {
    hands.write(at('A.txt'), 'upper')
    hands.write(at('a.txt'), 'lower')
    hands.write(at('Dir/x'), 'in upper')
    hands.write(at('dir/y'), 'in lower')
  }

  it('never overwrite each other: the smaller lives there, the other is listed, and both stay elsewhere', async () => {
    await withTwo(51, CASELESS, make, async ({ bench, linux, other, linuxDaemon, otherDaemon }) => {
      assert.deepEqual(files(other), ['A.txt', 'Dir/x'])
      assert.equal(other.hands.readText(at('A.txt')), 'upper')
      assert.deepEqual(blocked(otherDaemon), ['a.txt case-clash', 'dir case-clash', 'dir/y case-clash'])
      linux.hands.write(at('a.txt'), 'lower, edited')
      await bench.world.runFor(LATER_MS)
      assert.deepEqual(files(linux), ['A.txt', 'Dir/x', 'a.txt', 'dir/y'])
      assert.equal(other.hands.readText(at('A.txt')), 'upper')
      assert.deepEqual(blocked(linuxDaemon), [])
    })
  })

  it('follow once the one in the way is gone', async () => {
    await withTwo(52, CASELESS, make, async ({ bench, linux, other, otherDaemon }) => {
      linux.hands.remove(at('A.txt'))
      await bench.until(() => other.hands.readText(at('a.txt')) === 'lower', 'the other name')
      assert.deepEqual(blocked(otherDaemon), ['dir case-clash', 'dir/y case-clash'])
      assert.ok(files(other).includes('a.txt') && !files(other).includes('A.txt'))
    })
  })

  it('are one file under another name, when only the case of its name was changed', async () => {
    await withTwo(
      53,
      CASELESS,
      ({ hands }) => hands.write(at('a.txt'), 'the same'),
      async ({ bench, linux, other, otherDaemon }) => {
        linux.hands.rename(at('a.txt'), at('A.TXT'))
        await bench.until(() => files(other).includes('A.TXT'), 'the new name')
        await bench.untilEqual()
        other.hands.rename(at('A.TXT'), at('a.Txt'))
        await bench.until(() => files(linux).includes('a.Txt'), 'the name of the other')
        await bench.untilEqual()
        assert.deepEqual([files(linux), files(other), blocked(otherDaemon)], [['a.Txt'], ['a.Txt'], []])
      },
    )
  })
})

describe('what Windows cannot hold', () => {
  it('is blocked there, not renamed, and stays elsewhere; nothing else waits for it', async () => {
    const names = ['CON', 'nul.txt', 'a:b', 'what?', 'dot.', 'space ', 'aux/inner']
    const make = ({ hands }: SimDevice): void => {
      for (const name of names) hands.write(at(name), name)
      hands.symlink('good.txt', at('link'))
      hands.write(at('good.txt'), 'good', { isExecutable: true })
    }
    await withTwo(54, WINDOWS, make, async ({ bench, linux, other, otherDaemon }) => {
      assert.deepEqual(files(other), ['good.txt'])
      assert.deepEqual(blocked(otherDaemon), [
        ...['CON', 'a:b', 'aux', 'aux/inner', 'dot.'].map((name) => `${name} name-impossible`),
        'link no-links',
        ...['nul.txt', 'space ', 'what?'].map((name) => `${name} name-impossible`),
      ])
      other.hands.write(at('good.txt'), 'better')
      await bench.until(() => linux.hands.readText(at('good.txt')) === 'better', 'the edit')
      await bench.world.runFor(LATER_MS)
      assert.deepEqual(files(linux), [...names, 'good.txt', 'link'].sort())
      assert.equal(linux.hands.walk(ROOT).find(({ path }) => path === 'good.txt')?.isExecutable, true)
    })
  })
})

describe('a link that leads out of the folder', () => {
  it('is neither sent nor taken, and is listed', async () => {
    const make = ({ hands }: SimDevice): void => {
      hands.symlink('/etc/passwd', at('passwords'))
      hands.symlink('../../elsewhere', at('deep/up'))
      hands.symlink('../good.txt', at('deep/inside'))
      hands.write(at('good.txt'), 'good')
    }
    await withTwo(55, {}, make, async ({ linuxDaemon, other }) => {
      assert.deepEqual(files(other), ['deep/inside', 'good.txt'])
      assert.deepEqual(blocked(linuxDaemon), ['deep/up link-away', 'passwords link-away'])
    })
  })
})

describe('a link that leads out of the folder, where its owner allows that', () => {
  it('is sent and taken as the text that it is', async () => {
    const make = ({ hands }: SimDevice): void => {
      hands.symlink('/etc/passwd', at('passwords'))
      hands.write(at('file'), 'beside it')
    }
    await withTwo(58, {}, make, async ({ bench, linuxDaemon, other, otherDaemon }) => {
      const settings = folderSettings({ id: FOLDER, name: 'Photos', path: ROOT, links: 'any' })
      for (const { sync } of [linuxDaemon, otherDaemon]) void sync.engine.change(settings)
      await bench.until(() => files(other).includes('passwords'), 'the link')
      assert.equal(other.hands.walk(ROOT).find(({ path }) => path === 'passwords')?.target, '/etc/passwd')
    })
  })
})

describe('what cannot be read', () => {
  it('is listed, and nothing in it is taken for deleted', async () => {
    const make = ({ hands }: SimDevice): void => {
      hands.write(at('closed/deep/file'), 'kept')
      hands.write(at('secret'), 'kept, too')
    }
    await withTwo(56, {}, make, async ({ bench, linux, other, linuxDaemon }) => {
      linux.hands.setReadable(at('closed'), false)
      linux.hands.setReadable(at('secret'), false)
      await bench.world.runFor(LATER_MS)
      assert.deepEqual(files(other), ['closed/deep/file', 'secret'])
      assert.ok(blocked(linuxDaemon).includes('closed unreadable'), blocked(linuxDaemon).join())
      linux.hands.setReadable(at('closed'), true)
      await bench.world.runFor(LATER_MS)
      assert.ok(!blocked(linuxDaemon).includes('closed unreadable'))
    })
  })
})

describe('a file that changes faster than it can be read', () => {
  it('is listed as unstable and read less and less often; the others go on, and it follows once it rests', async () => {
    await withTwo(
      57,
      {},
      ({ hands }) => hands.write(at('log'), 'begun'),
      async ({ bench, linux, other, linuxDaemon }) => {
        let count = 0
        let isOver = false
        const edit = (): void => {
          if (isOver) return
          linux.hands.write(at('log'), `line ${(count += 1)}`.repeat(200_000), { how: 'in-place' })
          bench.world.after(1, edit)
        }
        edit()
        await bench.until(() => blocked(linuxDaemon).includes('log unstable'), 'it to be listed')
        linux.hands.write(at('note'), 'a note')
        await bench.until(() => other.hands.readText(at('note')) === 'a note', 'the note')
        isOver = true
        linux.hands.write(at('log'), 'at rest')
        await bench.until(() => other.hands.readText(at('log')) === 'at rest', 'the file at rest')
        assert.deepEqual(blocked(linuxDaemon), [])
      },
    )
  })
})
