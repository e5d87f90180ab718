/** `holt`, with a daemon that is quick to start. */

import { fileURLToPath } from 'node:url'
import { worldOfProcess } from '../../cli/process-world.ts'
import { runCli } from '../../cli/run.ts'

const entry = fileURLToPath(new URL('fake-daemon.ts', import.meta.url))
process.exitCode = await runCli({ ...worldOfProcess(), daemonProgram: [process.execPath, entry] })
