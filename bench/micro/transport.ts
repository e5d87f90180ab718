/** The real transport between two processes: frames of a chunk each, memory to memory. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { PeerStream } from '../../daemon/ports.ts'
import { BLOB } from '../../protocol/protocols.ts'
import { MIB, createBytes } from '../sets/seeded-bytes.ts'
import type { Micro } from './micro.ts'
import { NOT_STOPPED } from './micro.ts'
import { openMicroTransport } from './transport-side.ts'

const FRAME_BYTES = MIB
const ROUND_MIB = 512

export const transport: Micro = {
  unit: 'MiB',
  open: async () => {
    const program = fileURLToPath(new URL('./transport-sink.ts', import.meta.url))
    const near = await openMicroTransport()
    const sink = spawn(process.execPath, [program, near.self], { stdio: ['pipe', 'pipe', 'inherit'] })
    const [address = ''] = (await createInterface(sink.stdout)[Symbol.asyncIterator]().next()).value?.split('\n') ?? []
    const far = await near.dial(address, NOT_STOPPED)
    near.admit(new Set([far]))
    const stream = await near.open(far, BLOB, NOT_STOPPED)
    const frame = createBytes(1)(FRAME_BYTES)
    return {
      round: () => sendRound(stream, frame),
      [Symbol.asyncDispose]: async () => {
        stream.abort('the round is over')
        await near[Symbol.asyncDispose]()
        sink.kill()
        await once(sink, 'exit')
      },
    }
  },
}

/** The sink says when it has them all. */
async function sendRound(stream: PeerStream, frame: Uint8Array): Promise<number> {
  for (let i = 0; i < ROUND_MIB; i += 1) await stream.write(frame, NOT_STOPPED)
  await stream.write(new Uint8Array(0), NOT_STOPPED)
  await stream.read(NOT_STOPPED)
  return ROUND_MIB
}
