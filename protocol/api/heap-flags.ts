/** How a daemon's process is started: V8 and the C library take their measures when it begins. For whoever starts one, and itself. */

/**
 * The young generation stays small: V8 lets it grow to three times 16 MiB. A daemon collects by itself when it has come to rest
 * (`daemon/rest.ts`), so V8 need not look again and again whether it could.
 */
export const HEAP_FLAGS: readonly string[] = ['--max-semi-space-size=2', '--no-memory-reducer', '--expose-gc']

/**
 * The threads share two arenas instead of having one each; large buffers go back to the system at once, for glibc would otherwise
 * learn to keep them. So many files are synced at once: a disk writes them in little more time than one. libuv has 4 threads, and
 * idle ones cost nothing.
 */
export const HEAP_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(128 * 1024),
  UV_THREADPOOL_SIZE: '64',
}
