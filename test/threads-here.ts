/** The `Threads` port in this very thread, where a test can see its calls: other threads have file systems of their own. */

import { setImmediate } from 'node:timers/promises'
import { doJob } from '../daemon/daemon-jobs.ts'
import type { Job } from '../daemon/daemon-jobs.ts'
import type { Threads } from '../daemon/threads-port.ts'

export const threadsHere: Threads = {
  parallel: 1,
  run: async (job, { signal }) => {
    const turn = async (): Promise<void> => {
      await setImmediate()
      signal.throwIfAborted()
    }
    await setImmediate()
    // What runs a job knows its kind, the port only that it is one; and the kind decides that of the answer, which a union cannot say.
    return (await doJob(job as unknown as Job, { signal, turn })) as never
  },
}
