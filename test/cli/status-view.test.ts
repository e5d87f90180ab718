/** The screen of `holt status`, whole. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Status } from '../../protocol/api/daemon.ts'
import type { Folder, FolderPeer, FolderState } from '../../protocol/api/folders.ts'
import { phraseOf, renderFolders } from '../../cli/folder-view.ts'
import { needsAttention, renderStatus } from '../../cli/status-view.ts'
import { plainOf } from '../../cli/text.ts'
import { buildFolder } from '../http/fake-folders.ts'
import { OTHER } from '../http/fake-service.ts'
import { DESKTOP, LAPTOP, NOW_MS, STATUS } from './sample-status.ts'

const screen = (status: Status) => renderStatus(status, { nowMs: NOW_MS, homeDirectory: '/home/ada' }).map(plainOf)
const QUIET: Status = { ...STATUS, devices: [LAPTOP], folders: [], transfers: [], attention: [] }

describe('the status screen', () => {
  it('shows devices, folders, transfers and what needs attention, each halt with its commands', () => {
    assert.deepEqual(screen(STATUS), [
      'ada-laptop in group Ada · Holt 0.1.0, running for 3 h',
      'reached at 192.168.0.2:14658, [fd00::2]:14658 · API at 127.0.0.1:14659',
      'Limited: sends at most 500 kB/s → holt limit',
      '',
      'Devices',
      '  ● ada-laptop   this device  linux  admin',
      '  ● ada-desktop  online       linux  admin  192.168.0.7:14658',
      '  ○ ada-phone    offline      linux  admin  last seen 2 days ago',
      '',
      'Folders',
      '  ✓ Photos     ~/Photos    1,204 files, 3.4 GB  in sync with ada-desktop',
      '  ↓ Music      /srv/music  328 files, 1.2 GB    12 files, 220 MB missing, 45 %, 12.3 MB/s, 18 s left',
      '      which paths, and why: holt ls Music --state unsynced',
      '  ✗ Work       ~/Work      200 files, 40 kB     halted, 1 conflict',
      '      ada-desktop deletes 180 of 200 entries.',
      '      → holt approve Work',
      '      → holt reject Work',
      '      which paths, and why: holt ls Work --state unsynced',
      "  + My Videos  –           3 files, 9 GB        offered → holt accept 'My Videos'",
      '',
      'Transfers',
      '  ↓ Albums/Blue/01.flac  Music  from ada-desktop  45 %  12.3 MB/s, 1 s left',
      '',
      'Needs attention',
      '  ! 1 conflict copy waits in Work.',
      '    → holt conflicts Work',
    ])
  })

  it('says what to do first where there is nothing yet', () => {
    const lines = screen(QUIET).join('\n')
    assert.match(lines, /No other device yet\. On both devices, run: holt pair/)
    assert.match(lines, /No folder yet\. Share one: holt add DIRECTORY/)
    assert.doesNotMatch(lines, /Transfers|attention/)
  })

  it('asks for attention for a halt and a conflict, and for nothing else', () => {
    const [, , halted] = STATUS.folders
    const space = { kind: 'space', detail: 'The disk is nearly full.', command: null, folder: null } as const
    assert.equal(needsAttention(QUIET), false)
    assert.equal(needsAttention({ ...QUIET, attention: [space] }), false)
    assert.equal(needsAttention({ ...QUIET, attention: [{ ...space, kind: 'conflict' }] }), true)
    assert.equal(needsAttention({ ...QUIET, folders: [buildFolder({ conflicts: 1 })] }), true)
    assert.equal(needsAttention({ ...QUIET, folders: [{ ...(halted ?? buildFolder({})), conflicts: 0 }] }), true)
  })
})

describe('a folder that is not in sync', () => {
  const missing = { files: 1, bytes: 10 }
  const behind: FolderPeer = { device: OTHER, isOnline: false, isInSync: false, missing }
  const lines = (over: Partial<Folder>): string =>
    renderFolders([buildFolder({ root: '/x', ...over })], { devices: [DESKTOP], homeDirectory: '/' })
      .map(plainOf)
      .join('\n')

  it('is shown with the command that lists its paths and their reasons', () => {
    const waiting = { kind: 'waiting', missing, reason: 'Only ben has it, and is offline.' } as const
    for (const state of [waiting, { kind: 'syncing', missing } as const])
      assert.match(lines({ state }), /which paths, and why: holt ls Photos --state unsynced$/)
    assert.match(lines({ state: { kind: 'in-sync' }, peers: [behind] }), /holt ls Photos --state behind$/)
    assert.doesNotMatch(lines({ state: { kind: 'in-sync' }, peers: [{ ...behind, isInSync: true }] }), /holt ls/)
  })
})

describe('how a folder stands', () => {
  const say = (state: FolderState, peers: FolderPeer[] = []) =>
    plainOf(phraseOf(buildFolder({ state, peers, root: '/x' }), { devices: [DESKTOP], homeDirectory: '/' }))
  const peer: FolderPeer = { device: OTHER, isOnline: true, isInSync: false, missing: { files: 2, bytes: 1500 } }
  const missing = { files: 1, bytes: 10 }

  const cases: readonly (readonly [string, FolderState, FolderPeer[]?])[] = [
    ['no other device keeps it yet', { kind: 'in-sync' }],
    ['up to date; ada-desktop lacks 2 files, 1.5 kB', { kind: 'in-sync' }, [peer]],
    ['up to date; ada-desktop is offline', { kind: 'in-sync' }, [{ ...peer, isOnline: false }]],
    [
      '1 file, 10 B missing: nobody who has it is online',
      { kind: 'waiting', missing, reason: 'nobody who has it is online' },
    ],
    ['looking through it, 5 files', { kind: 'scanning', files: 5, filesTotal: null }],
    ['looking through it, 5 of 10 files', { kind: 'scanning', files: 5, filesTotal: 10 }],
    ['paused → holt folder resume Photos', { kind: 'paused' }],
    ['1 file, 10 B missing', { kind: 'syncing', missing }],
    ['starting', { kind: 'starting' }],
  ]
  for (const [words, state, peers] of cases) {
    it(`is said in words: ${words}`, () => assert.equal(say(state, peers), words))
  }
})
