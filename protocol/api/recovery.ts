/** The twelve recovery words of the group. Whatever carries them travels over the unix socket only. */

import { z } from 'zod'
import { RECOVERY_TEXT_CHARACTERS_MAX } from '../limits.ts'
import { zDevice, zGroup, zRemovedDevice } from './devices.ts'
import { zAbsolutePath, zRef, zTimeMs } from './fields.ts'

/** Directories whose copies of the log one request may name. */
const COPIES_MAX = 16

/** Twelve words as a person typed them: any case and separators, words cut to four letters. */
const zTypedWords = z.string().min(1).max(RECOVERY_TEXT_CHARACTERS_MAX)

export const zRecovery = z
  .object({
    /** `kept`: here, until a person has them. `forgotten`: a person has them. `elsewhere`: made on the device that founded the group. */
    kind: z.enum(['kept', 'forgotten', 'elsewhere']),
    /** When they were last shown here; null if never. */
    shownMs: zTimeMs.nullable(),
    forgottenMs: zTimeMs.nullable(),
    /** What the device is called that founded the group. */
    founder: z.string(),
  })
  .meta({ id: 'Recovery' })
export type Recovery = z.infer<typeof zRecovery>

export const zRecoveryWords = z.object({ words: z.string() }).meta({ id: 'RecoveryWords' })

export const zUseRecovery = z
  .strictObject({
    words: zTypedWords,
    /** Roots of folders in which a copy of the group's log may lie; those that are held here are looked into anyway. */
    from: z.array(zAbsolutePath).max(COPIES_MAX).default([]),
    /** Whether a person has seen which group it is. Without it nothing is changed. */
    confirm: z.boolean().default(false),
  })
  .meta({ id: 'UseRecovery' })
export type UseRecovery = z.infer<typeof zUseRecovery>

/** A group as a copy of its log tells it, or as it is now. */
export const zRecovered = z
  .object({
    /** `shown`: nothing was changed yet. `already`: this device is an admin of the group. */
    kind: z.enum(['shown', 'restored', 'promoted', 'already']),
    group: zGroup,
    /** When the last thing happened that the log knows of. What came later, removals too, is not known. */
    lastMs: zTimeMs,
    devices: z.array(zDevice.pick({ id: true, name: true, role: true })),
    removed: z.array(zRemovedDevice),
    /** Names of the folders that the group offers. */
    folders: z.array(z.string()),
  })
  .meta({ id: 'Recovered' })
export type Recovered = z.infer<typeof zRecovered>

export const zRemoveWithWords = z
  .strictObject({
    words: zTypedWords,
    lost: z.boolean().default(false),
    /** What the device did since then counts no more; the default takes back what it did to this one, and the day before that. */
    sinceMs: zTimeMs.min(0).nullable().default(null),
  })
  .meta({ id: 'RemoveWithWords' })
export type RemoveWithWords = z.infer<typeof zRemoveWithWords>

export const zRemovedWithWords = z
  .object({
    name: zRef,
    /** Since when nothing counts that the device did; null where that is only what nobody here has heard of. */
    sinceMs: zTimeMs.nullable(),
  })
  .meta({ id: 'RemovedWithWords' })
export type RemovedWithWords = z.infer<typeof zRemovedWithWords>
