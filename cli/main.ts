/** The program `holt`. It ends when nothing is left to do. */

import { worldOfProcess } from './process-world.ts'
import { runCli } from './run.ts'

process.exitCode = await runCli(worldOfProcess())
