/** First sync: from the moment when the files appear on one side until both sides are the same. */

import type { Row } from '../row.ts'
import { valueOf } from '../row.ts'
import type { Step } from '../session.ts'
import type { SetName } from '../sets/data-set.ts'
import { MIB } from '../sets/seeded-bytes.ts'
import { peakRssMib } from '../processes.ts'

export type SyncedSet = Exclude<SetName, 'million'>

export function firstSync(set: SyncedSet): Step {
  const row: Row = {
    id: `first-sync-${set}`,
    title: `\`${set}\` first sync`,
    unit: 's',
    sentence: `A directory with \`${set}\` is renamed into the folder; until both sides are the same, and durable.`,
  }
  return { rows: [row], measure: async ({ first }) => valueOf(row, first.seconds) }
}

export function cpuOfFirstSync(set: SyncedSet): Step {
  const row: Row = {
    id: `cpu-${set}`,
    title: `\`${set}\` first sync, processor time`,
    unit: 's',
    sentence: 'Processor time of both sides together, user and system, of all their processes.',
  }
  return { rows: [row], measure: async ({ first }) => valueOf(row, first.cpuSeconds) }
}

export function wireOfFirstSync(set: SyncedSet): Step {
  const row: Row = {
    id: `wire-${set}`,
    title: `\`${set}\` first sync, bytes on the wire`,
    unit: '%',
    sentence: 'Both directions, of the bytes of all files; a tenth of `mixed` is copies, which need not be sent.',
  }
  return {
    rows: [row],
    measure: async ({ first, set: { bytes } }) =>
      valueOf(row, first.wireMib === undefined ? undefined : (first.wireMib * MIB * 100) / bytes),
  }
}

export function peakRssOfFirstSync(set: SyncedSet): Step {
  const row: Row = {
    id: `peak-rss-${set}`,
    title: `\`${set}\` first sync, peak memory of a side`,
    unit: 'MiB',
    sentence: 'The highest resident memory of the processes of a side since their start, of the side that took more.',
  }
  return {
    rows: [row],
    measure: async ({ contender: { sides } }) =>
      sides === undefined ? [] : valueOf(row, Math.max(...sides.map(({ pid }) => peakRssMib(pid)))),
  }
}
