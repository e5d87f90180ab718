/**
 * The memory of a process that lives for months beside other programs. V8 and the C library take their measures when a process
 * begins, so it begins anew with them, before anything else is loaded.
 *
 * The young generation stays small (V8 lets it grow to three times 16 MiB), the old one is collected when it has grown by a
 * quarter (by default it may grow fourfold; `peers/passing-memory.ts` asks for what that would make too dear), and the threads share
 * two arenas instead of having one each.
 */

const FLAGS = ['--max-semi-space-size=2', '--heap-growing-percent=25', '--expose-gc']
/** Large buffers go back to the system at once: glibc would otherwise learn to keep them. */
const MALLOC = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: String(128 * 1024) }

/** So many files are synced at once: a disk writes them in little more time than one. libuv has 4, and idle ones cost nothing. */
const THREADS = { UV_THREADPOOL_SIZE: '64' }

const { argv, env, execArgv, execPath } = process
// Not everywhere can a process be replaced; there it takes more memory.
if (!FLAGS.every((flag) => execArgv.includes(flag)) && process.execve !== undefined) {
  process.execve(execPath, [execPath, ...FLAGS, ...execArgv, ...argv.slice(1)], { ...MALLOC, ...THREADS, ...env })
}
