/**
 * The memory of a process that lives for months beside other programs. V8 and the C library take their measures when a process
 * begins: one that was started without them begins anew, before anything else is loaded.
 */

import { HEAP_ENVIRONMENT, HEAP_FLAGS } from '../protocol/api/heap-flags.ts'

const { argv, env, execArgv, execPath } = process
// Not everywhere can a process be replaced; there it takes more memory.
if (!HEAP_FLAGS.every((flag) => execArgv.includes(flag)) && process.execve !== undefined) {
  process.execve(execPath, [execPath, ...HEAP_FLAGS, ...execArgv, ...argv.slice(1)], { ...HEAP_ENVIRONMENT, ...env })
}
