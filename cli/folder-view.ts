/** How a folder stands, in words. */

import type { Device } from '../protocol/api/devices.ts'
import type { Folder, FolderPeer, Halt, Progress } from '../protocol/api/folders.ts'
import { countOf, formatAmount, formatDuration, formatRate, formatShare } from './amounts.ts'
import { toColumns } from './columns.ts'
import { shortPath } from './places.ts'
import { shellWord } from '../protocol/shell-word.ts'
import type { Text } from './text.ts'
import { joined, styled, t } from './text.ts'

export interface FolderWords {
  readonly devices: readonly Pick<Device, 'id' | 'name'>[]
  readonly homeDirectory: string
}

/** A row for each folder, and below it what a halt says. */
export function renderFolders(folders: readonly Folder[], words: FolderWords): Text[] {
  const rows = toColumns(
    folders.map((folder) => [
      t`${symbolOf(folder)} ${styled('bold', folder.name)}`,
      folder.root === null ? styled('dim', '–') : t`${shortPath(folder.root, words.homeDirectory)}`,
      styled('dim', formatAmount(folder.root === null ? folder.total : folder.held)),
      phraseOf(folder, words),
    ]),
    '  ',
  )
  return folders.flatMap((folder, index) => {
    const { state } = folder
    const row = rows[index] ?? t``
    return [row, ...(state.kind === 'halted' ? renderHalt(state.halt) : []), ...listingLines(folder)]
  })
}

/** Where something is not in sync, the command that lists every path of it with its reason. */
function listingLines({ name, state, peers }: Folder): Text[] {
  const isOpen = state.kind === 'syncing' || state.kind === 'waiting' || state.kind === 'halted'
  const isBehind = state.kind === 'in-sync' && peers.some(({ isInSync }) => !isInSync)
  if (!isOpen && !isBehind) return []
  const command = `holt ls ${shellWord(name)} --state ${isOpen ? 'unsynced' : 'behind'}`
  return [t`      ${styled('dim', 'which paths, and why:')} ${styled('bold', command)}`]
}

/** Why it stopped, and the commands that end it. */
export function renderHalt({ detail, commands }: Halt): Text[] {
  return [t`      ${detail}`, ...commands.map((command) => t`      → ${styled('bold', command)}`)]
}

export function phraseOf(folder: Folder, words: FolderWords): Text {
  const notes = [
    ...(folder.leftOut > 0 ? [styled('dim', `${countOf(folder.leftOut, 'file')} left out here`)] : []),
    ...(folder.conflicts > 0 ? [styled('yellow', countOf(folder.conflicts, 'conflict'))] : []),
    ...(folder.localChanges > 0 ? [styled('yellow', countOf(folder.localChanges, 'local change'))] : []),
    ...(folder.heldBack > 0 ? [styled('yellow', `${folder.heldBack} changed elsewhere`)] : []),
    ...(folder.problems > 0 ? [styled('yellow', countOf(folder.problems, 'problem'))] : []),
  ]
  return joined([statePhrase(folder, words), ...notes], ', ')
}

function statePhrase(folder: Folder, words: FolderWords): Text {
  const { state } = folder
  switch (state.kind) {
    case 'offered':
      return t`offered → ${styled('bold', `holt accept ${shellWord(folder.name)}`)}`
    case 'starting':
      return t`starting`
    case 'scanning': {
      const of = state.filesTotal === null ? '' : ` of ${countOf(state.filesTotal, 'file')}`
      return t`looking through it, ${state.filesTotal === null ? countOf(state.files, 'file') : state.files}${of}`
    }
    case 'recovering':
      return t`recovering what it knew from this disk and the other devices`
    case 'in-sync':
      return inSyncPhrase(folder, words)
    case 'syncing':
      return joined([styled('cyan', `${formatAmount(state.missing)} missing`), ...progressPhrase(folder.down)], ', ')
    case 'waiting':
      return t`${styled('yellow', `${formatAmount(state.missing)} missing`)}: ${state.reason}`
    case 'paused':
      return t`paused → ${styled('bold', `holt folder resume ${shellWord(folder.name)}`)}`
    case 'halted':
      return styled('red', 'halted')
    default:
      return state satisfies never
  }
}

function inSyncPhrase({ peers, up }: Folder, words: FolderWords): Text {
  if (peers.length === 0) return t`no other device keeps it yet`
  const behind = peers.filter(({ isInSync }) => !isInSync)
  if (behind.length === 0) {
    return t`${styled('green', 'in sync')} with ${peers.length === 1 ? nameFor(peers[0], words) : countOf(peers.length, 'device')}`
  }
  const list = joined(
    behind.map((peer) => peerPhrase(peer, words)),
    ', ',
  )
  return joined([t`${styled('green', 'up to date')}; ${list}`, ...progressPhrase(up)], ', ')
}

function peerPhrase(peer: FolderPeer, words: FolderWords): Text {
  const name = nameFor(peer, words)
  if (!peer.isOnline) return t`${name} is offline`
  return peer.missing === null ? t`${name} has not said what it has` : t`${name} lacks ${formatAmount(peer.missing)}`
}

function nameFor(peer: FolderPeer | undefined, { devices }: FolderWords): string {
  return devices.find(({ id }) => id === peer?.device)?.name ?? 'another device'
}

/** `45 %, 12.3 MB/s, 18 s left`. */
export function progressPhrase(progress: Progress | null): Text[] {
  if (progress === null || progress.filesTotal === 0) return []
  const { bytesDone, bytesTotal, rate, etaMs } = progress
  const left = etaMs === null ? [] : [t`${formatDuration(etaMs)} left`]
  return [t`${formatShare(bytesDone, bytesTotal)}`, ...(rate > 0 ? [t`${formatRate(rate)}`] : []), ...left]
}

function symbolOf({ state }: Folder): Text {
  switch (state.kind) {
    case 'offered':
      return styled('dim', '+')
    case 'in-sync':
      return styled('green', '✓')
    case 'syncing':
      return styled('cyan', '↓')
    case 'waiting':
      return styled('yellow', '…')
    case 'halted':
      return styled('red', '✗')
    case 'paused':
      return styled('dim', '‖')
    default:
      return styled('cyan', '…')
  }
}
