/** The story of one path: what is on the disk, what was made true there last, what each device says, and what it waits for. */

import { z } from 'zod'
import { zEntryState } from './entries.ts'
import { zAbsolutePath, zBlobHash, zCount, zDeviceId, zFolderId, zTimeMs } from './fields.ts'
import { zMode } from './folders.ts'

export const zWhyQuery = z.strictObject({ path: zAbsolutePath })
export type WhyQuery = z.infer<typeof zWhyQuery>

export const zWhyState = z.enum([
  ...zEntryState.options,
  /** It lies in no folder that this device keeps. */
  'outside',
  /** It belongs to Holt itself, and is never synced. */
  'internal',
  /** Nobody has anything of that name. */
  'nothing',
])

const kind = z.enum(['file', 'directory', 'symlink', 'other', 'deleted', 'nothing'])
/** Whose content it is, and since when; null where nobody says so. */
const change = { changedMs: zTimeMs.nullable(), modBy: zDeviceId.nullable(), modByName: z.string().nullable() }

/** Something that keeps the path from being the same on all devices, and what ends it. */
export const zObstacle = z.object({
  state: zEntryState,
  /** What happened, why, and what follows. */
  sentence: z.string(),
  /** Commands that end it, as a person types them; none where it ends by itself. */
  commands: z.array(z.string()),
})
export type Obstacle = z.infer<typeof zObstacle>

export const zWhy = z
  .object({
    path: z.string(),
    /** Null outside of all folders. */
    folder: z.object({ id: zFolderId, name: z.string(), root: z.string(), mode: zMode }).nullable(),
    /** Below the root; empty for the root itself, null outside. */
    relative: z.string().nullable(),
    state: zWhyState,
    /** The whole story in a sentence. */
    summary: z.string(),
    /** Null where it was not looked at. */
    disk: z
      .object({
        kind,
        sizeBytes: zCount,
        mtimeMs: zTimeMs.nullable(),
        target: z.string().nullable().describe('Of a symbolic link'),
        /** Whether it looks as when it was last made true or taken up; null where nothing was. */
        isAsKnown: z.boolean().nullable(),
        sentence: z.string(),
      })
      .nullable(),
    /** What this device says of it to the others; null where it says nothing. */
    base: z
      .object({
        kind,
        sizeBytes: zCount,
        hash: zBlobHash.nullable(),
        ...change,
        isHeld: z.boolean(),
        sentence: z.string(),
      })
      .nullable(),
    /** The other devices that keep the folder. */
    devices: z.array(
      z.object({
        device: zDeviceId,
        name: z.string(),
        isOnline: z.boolean(),
        /** Seen from what this device says. `unknown`: its manifest is not here. */
        says: z.enum(['same', 'newer', 'older', 'differs', 'deleted', 'not-held', 'nothing', 'unknown']),
        kind,
        sizeBytes: zCount,
        ...change,
        sentence: z.string(),
      }),
    ),
    /** What is decided of it here, and why; null where the folder does not run. */
    verdict: z.object({ code: z.string(), sentence: z.string() }).nullable(),
    /** The most important first; none where it is in sync. */
    obstacles: z.array(zObstacle),
    /** Earlier contents that are kept, the newest first. */
    kept: z.array(z.object({ keptMs: zTimeMs, sizeBytes: zCount, sentence: z.string() })),
    /** Of a directory: how what lies below it stands. */
    below: z
      .object({
        total: zCount,
        /** False where there is more than was counted. */
        isWhole: z.boolean(),
        states: z.array(z.object({ state: zEntryState, count: zCount })),
        /** The first that are not in sync. */
        first: z.array(z.object({ path: z.string(), state: zEntryState, reason: z.string() })),
      })
      .nullable(),
  })
  .meta({ id: 'Why' })
export type Why = z.infer<typeof zWhy>
