/** Fields that many requests and answers share. */

import { z } from 'zod'
import type { BlobHash, DeviceId, FolderId, GroupId } from '../ids.ts'
import { NAME_BYTES_MAX, PATH_BYTES_MAX } from '../limits.ts'
import { PAGE_DEFAULT, PAGE_MAX } from './constants.ts'

/** A schema whose values are proved by their pattern to be of a branded type. */
const branded = <T extends string>(schema: z.ZodString): z.ZodType<T, T> => schema as unknown as z.ZodType<T, T>

export const zDeviceId = branded<DeviceId>(
  z
    .string()
    .regex(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/)
    .describe('A device: the libp2p peer id of its Ed25519 key'),
)
export const zFolderId = branded<FolderId>(
  z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .describe('A folder'),
)
export const zGroupId = branded<GroupId>(
  z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('A group'),
)
export const zBlobHash = branded<BlobHash>(
  z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('BLAKE3 of the bytes of a file'),
)

/** A whole number from 0. */
export const zCount = z.int().min(0)
/** Milliseconds since 1970. */
export const zTimeMs = z.int().describe('Milliseconds since 1970')

const bytesOf = (text: string): number => new TextEncoder().encode(text).length

/** A name that a person gives: of a device or a folder. */
export const zName = z
  .string()
  .trim()
  .min(1)
  .max(NAME_BYTES_MAX)
  .regex(/^[^\u0000-\u001f\u007f/\\]+$/, 'has no control characters and no slashes')
  .refine((name) => name.isWellFormed() && bytesOf(name) <= NAME_BYTES_MAX, `has at most ${NAME_BYTES_MAX} bytes`)

/** What a person calls a folder or a device: its id, or its name where only one has it. */
export const zRef = z.string().min(1).max(NAME_BYTES_MAX).describe('An id, or a name that only one has')

/** A directory on this device. */
export const zAbsolutePath = z
  .string()
  .max(PATH_BYTES_MAX)
  .regex(/^(\/|[A-Za-z]:[\\/]|\\\\)[^\u0000]*$/, 'is an absolute path')
  .describe('An absolute path on the device of the daemon')

/** A yes or no in a query. */
export const zFlag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true')

/** How many a page shall have at most. */
export const zPageLimit = z.coerce.number<number | string>().int().min(1).max(PAGE_MAX).default(PAGE_DEFAULT)

/** Files and their bytes. */
export const zAmount = z.object({ files: zCount, bytes: zCount })
export type Amount = z.infer<typeof zAmount>
