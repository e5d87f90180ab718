/** One of the threads: several jobs at a time, which take turns. */

import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { doJob } from './daemon-jobs.ts'
import type { Job } from './daemon-jobs.ts'

type Asked = { readonly id: number; readonly job: Job } | { readonly cancel: number } | { readonly isEnd: true }

assert.ok(parentPort, 'this module is a thread')
const port = parentPort
/** Jobs that are being done, and how they are told that nobody waits for them any more. */
const underWay = new Map<number, AbortController>()

port.on('message', (asked: Asked) => {
  if ('isEnd' in asked) port.close()
  else if ('cancel' in asked) underWay.get(asked.cancel)?.abort(new Error('nobody waits for it any more'))
  else void take(asked.id, asked.job)
})

async function take(id: number, job: Job): Promise<void> {
  const end = new AbortController()
  underWay.set(id, end)
  const { signal } = end
  const turn = async (): Promise<void> => {
    await setImmediate()
    signal.throwIfAborted()
  }
  try {
    port.postMessage({ id, answer: await doJob(job, { signal, turn }) })
  } catch (cause) {
    port.postMessage({ id, error: describe(cause) })
  }
  underWay.delete(id)
}

function describe(cause: unknown): { message: string; code: string | undefined } {
  if (!(cause instanceof Error)) return { message: String(cause), code: undefined }
  return { message: cause.message, code: 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined }
}
