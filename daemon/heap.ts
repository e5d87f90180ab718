/**
 * Settings of V8's heap, for a process that lives for months beside other programs: it collects earlier and grows less. To be
 * imported before everything else, since the heap takes its shape from what the first modules allocate.
 */

import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--max-semi-space-size=4')
setFlagsFromString('--min-semi-space-size=1')
setFlagsFromString('--optimize-for-size')
