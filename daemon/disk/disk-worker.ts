/** The thread that lists and hashes: one job after another, but that quick ones are done between the chunks of a long one. */

import assert from 'node:assert/strict'
import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { hashFiles } from './hash-file.ts'
import { listDirectories } from './list-directory.ts'
import type { Job } from './worker-jobs.ts'

type Asked = { readonly id: number; readonly job: Job } | { readonly cancel: number } | { readonly isEnd: true }

class Cancelled extends Error {}

assert.ok(parentPort, 'this module is a worker')
const port = parentPort
/** Jobs that are being done and that somebody waits for. */
const wanted = new Set<number>()

port.on('message', take)

function take(asked: Asked): void {
  if ('isEnd' in asked) {
    port.close()
    return
  }
  if ('cancel' in asked) {
    wanted.delete(asked.cancel)
    return
  }
  const { id, job } = asked
  wanted.add(id)
  try {
    port.postMessage({ id, answer: answer(job, id) })
  } catch (cause) {
    port.postMessage({ id, error: cause instanceof Error ? cause.message : String(cause) })
  }
  wanted.delete(id)
}

function answer(job: Job, id: number): unknown {
  switch (job.kind) {
    case 'list':
      return listDirectories(job)
    case 'hash':
      return hashFiles(job, () => letOthersBy(id))
  }
}

/** The pool sends no second long job meanwhile, so this goes one level deep. */
function letOthersBy(id: number): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    take(next.message as Asked)
  }
  if (!wanted.has(id)) throw new Cancelled('nobody waits for it any more')
}
