/** What a root cannot hold, decided from the path and the link's text alone. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { leadsAway, unholdable } from '../../daemon/core/holdable.ts'
import { unreadableProblem } from '../../daemon/sync/problem-sentences.ts'
import { parseRelPath } from '../../protocol/path.ts'

const onWindows = (path: string): boolean =>
  unholdable(
    parseRelPath(path),
    { kind: 'directory' },
    { windowsNames: true, symlinks: true },
    { allowsLinksAway: false },
  ) !== undefined

describe('a name on Windows', () => {
  it('is impossible when Windows has another use for it, at any depth', () => {
    const names = [
      'CON',
      'con.txt',
      'Lpt1',
      'COM¹.x',
      'NUL',
      'conin$',
      'a:b',
      'a?',
      'a*b',
      '"',
      '<',
      'x|y',
      'dot.',
      'space ',
    ]
    for (const name of names) {
      assert.ok(onWindows(name), name)
      assert.ok(onWindows(`a/${name}/b`), name)
    }
    for (const name of ['console', 'com', 'com10', 'a.con', '.dot', ' space', 'nul_', 'é'])
      assert.ok(!onWindows(name), name)
  })
})

describe('a link', () => {
  it('leads away when it is absolute on any system, or climbs out of the folder on its way', () => {
    const away = [
      ...['/etc/passwd', '\\\\server\\share', 'C:\\Windows', 'c:x', '../..', '../../x', '../x/../../y'],
      ...['..\\..\\x', 'x/../../../y', '../../a/link'],
    ]
    for (const target of away) assert.ok(leadsAway(parseRelPath('a/link'), target), target)
    for (const target of ['b', '../b', '..', './../x', 'x/../../y', 'x/y/z', '..b'])
      assert.ok(!leadsAway(parseRelPath('a/link'), target), target)
  })
})

describe('a file that cannot be read', () => {
  it('is locked when another program holds it, and unreadable otherwise', () => {
    assert.equal(unreadableProblem('EBUSY: resource busy or locked').code, 'locked')
    assert.equal(unreadableProblem('EACCES: permission denied').code, 'unreadable')
    assert.match(unreadableProblem('EIO: i/o error').sentence, /EIO/)
  })
})
