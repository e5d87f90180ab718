/** Takes what comes and drops it, and answers each empty frame with one: `transport-sink.ts DEVICE`. Ends when it is killed. */

import { parseDeviceId } from '../../protocol/ids.ts'
import { BLOB } from '../../protocol/protocols.ts'
import { NOT_STOPPED } from './micro.ts'
import { openMicroTransport } from './transport-side.ts'

const far = await openMicroTransport()
far.admit(new Set([parseDeviceId(process.argv[2])]))
far.handle(BLOB, async (stream) => {
  for (;;) {
    const frame = await stream.read(NOT_STOPPED)
    if (frame === undefined) return
    const isEnd = frame.length === 0
    stream.recycle(frame)
    if (isEnd) await stream.write(new Uint8Array(0), NOT_STOPPED)
  }
})
process.stdout.write(`127.0.0.1:${far.port}\n`)
