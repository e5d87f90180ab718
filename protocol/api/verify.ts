/** Reading again what the folders hold: what was read, and what of it is damaged. */

import { z } from 'zod'
import { zCount, zFolderId, zRef, zTimeMs } from './fields.ts'

export const zVerifyQuery = z.strictObject({
  /** Only of this folder. */
  folder: zRef.optional(),
})

export const zStartVerify = z
  .strictObject({
    /** Only this folder; all that are held when left out. */
    folder: zRef.optional(),
    /** Fetch again what is damaged, also what the disk cannot read; what is there now goes to the kept versions. */
    repair: z.boolean().default(false),
  })
  .meta({ id: 'StartVerify' })
export type StartVerify = z.infer<typeof zStartVerify>

export const zVerifiedFolder = z
  .object({
    folder: zFolderId,
    name: z.string(),
    /** `reading`: a round goes on that somebody asked for; `repairing`: what it found is being fetched. */
    state: z.enum(['reading', 'repairing', 'done']),
    /** Read in the round that goes on, or else in the last one. */
    files: zCount,
    bytes: zCount,
    /** What there is to be read. */
    filesTotal: zCount,
    bytesTotal: zCount,
    /** Files that are damaged now; `entries?state=damaged` lists them. */
    damaged: zCount,
    /** Fetched again since the round began. */
    repaired: zCount,
    /** Of the damaged ones, those that no device within reach can give. */
    waiting: zCount,
    /** Earlier contents in `.holt/versions` that are no longer what they were. */
    damagedVersions: zCount,
    /** When all of it had last been read; null for never. */
    lastCompleteMs: zTimeMs.nullable(),
  })
  .meta({ id: 'VerifiedFolder' })
export type VerifiedFolder = z.infer<typeof zVerifiedFolder>

export const zVerification = z.object({ folders: z.array(zVerifiedFolder) }).meta({ id: 'Verification' })
export type Verification = z.infer<typeof zVerification>
