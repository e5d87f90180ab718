/** The process of a daemon. What it runs is loaded only once the process is as it should be, so it is not loaded twice. */

import './heap.ts'
import { keepCompiled } from './compile-cache.ts'

keepCompiled()
await import('./process.ts')
