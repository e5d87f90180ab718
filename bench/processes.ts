/** What a process and all that it started take: memory and processor time. Linux only; 0 elsewhere. */

import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'

const KIB_PER_MIB = 1024
let ticksPerSecond: number | undefined

/** Of a process and of those that it started, each at its highest. */
export function peakRssMib(pid: number): number {
  return sumOverTree(pid, (each) => statusMib(each, 'VmHWM'))
}

/** As it is now. */
export function rssMib(pid: number): number {
  return sumOverTree(pid, (each) => statusMib(each, 'VmRSS'))
}

/** Processor time so far, children that have ended included. */
export function cpuSeconds(pid: number): number {
  return sumOverTree(pid, (each) => ticks(each, [14, 15, 16, 17]) / clockTicks())
}

/** Processor time of all children of this process that have ended. */
export function endedChildrenCpuSeconds(): number {
  return ticks(process.pid, [16, 17]) / clockTicks()
}

/** A process and all below it. */
function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)]
}

function sumOverTree(pid: number, measure: (pid: number) => number): number {
  return treeOf(pid).reduce((sum, each) => sum + measure(each), 0)
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}

function statusMib(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / KIB_PER_MIB
  } catch {
    return 0
  }
}

/** Fields of proc(5) `stat`, numbered from 1; the second may hold spaces, so they are counted from its end. */
function ticks(pid: number, fields: readonly number[]): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const after = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields.reduce((sum, field) => sum + Number(after[field - 3] ?? 0), 0)
  } catch {
    return 0
  }
}

function clockTicks(): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return ticksPerSecond
}
