/** All parts that are measured by themselves. Each is loaded alone, so that its memory is its own. */

import type { Micro } from './micro.ts'

export const MICROS: Readonly<Record<string, () => Promise<Micro>>> = {
  scan: async () => (await import('./reading.ts')).scan,
  'hash-small': async () => (await import('./reading.ts')).hashSmall,
  'hash-large': async () => (await import('./reading.ts')).hashLarge,
  'manifest-encode': async () => (await import('./manifest.ts')).manifestEncode,
  'manifest-decode': async () => (await import('./manifest.ts')).manifestDecode,
  'manifest-verify': async () => (await import('./manifest.ts')).manifestVerify,
  'entry-digest': async () => (await import('./manifest.ts')).entryDigests,
  plan: async () => (await import('./plan.ts')).plan,
  'store-small': async () => (await import('./writing.ts')).storeSmall,
  'store-large': async () => (await import('./writing.ts')).storeLarge,
  'store-and-place': async () => (await import('./writing.ts')).place,
  transport: async () => (await import('./transport.ts')).transport,
}
