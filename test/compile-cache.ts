/** Where Node keeps what it has compiled, for the processes of all tests. It looks at each file's content, so nothing in it is ever stale. */

import { fileURLToPath } from 'node:url'

export const COMPILE_CACHE =
  process.env['NODE_COMPILE_CACHE'] ?? fileURLToPath(new URL('../.tmp/compile-cache', import.meta.url))
