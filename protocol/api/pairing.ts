/** Pairing runs: showing a code, or joining with one. */

import { z } from 'zod'
import { zCount, zDeviceId, zGroupId, zTimeMs } from './fields.ts'
import { zProblemSummary } from './problems.ts'

/** A device that shows the nameplate of a code. */
export const zInviter = z.object({ device: zDeviceId, addresses: z.array(z.string()) }).meta({ id: 'Inviter' })
export type Inviter = z.infer<typeof zInviter>

export const zPairedWith = z.object({
  device: zDeviceId,
  name: z.string(),
  platform: z.string().nullable(),
  group: zGroupId,
  /** Whether the device that joined the group is this one, and what it is there. */
  guest: z.object({ isSelf: z.boolean(), role: z.enum(['admin', 'member']) }),
  /** Members of the group now, this device included. */
  devices: zCount,
  /** Folders that the group now offers to this device. */
  offered: z.array(z.string()),
})
export type PairedWith = z.infer<typeof zPairedWith>

/** `waiting`, `searching`, `choosing` and `talking` go on; the other four are the end. */
export const zPairingState = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('waiting') }).describe('The code is shown and nobody has come'),
    z.object({ kind: z.literal('searching') }).describe('Looking for the device that shows the code'),
    z
      .object({ kind: z.literal('choosing'), inviters: z.array(zInviter) })
      .describe('Several devices show the nameplate'),
    z.object({ kind: z.literal('talking'), device: zDeviceId }),
    z.object({ kind: z.literal('paired'), with: zPairedWith }),
    z.object({ kind: z.literal('expired') }),
    z.object({ kind: z.literal('cancelled') }),
    z.object({ kind: z.literal('failed'), problem: zProblemSummary }),
  ])
  .meta({ id: 'PairingState' })
export type PairingState = z.infer<typeof zPairingState>

export const zPairing = z
  .object({
    id: z.string(),
    role: z.enum(['inviter', 'joiner']),
    /** Only on the device that shows it. */
    code: z.string().nullable(),
    nameplate: zCount,
    expiresMs: zTimeMs,
    /** Wrong codes that the shown one still survives; null for the joiner. */
    attemptsLeft: zCount.nullable(),
    /** A sentence for a person who waits too long; null until then. */
    hint: z.string().nullable(),
    state: zPairingState,
  })
  .meta({ id: 'Pairing' })
export type Pairing = z.infer<typeof zPairing>

/** What the device becomes that joins the group of the other, where that is this one's. */
const zGuestRole = z.enum(['admin', 'member']).default('admin')

export const zStartPairingQuery = z.strictObject({ guestRole: zGuestRole })
export type StartPairing = z.output<typeof zStartPairingQuery>

export const zJoinPairing = z
  .strictObject({
    /** As it was typed: any case, spaces or dashes, words cut to four letters. */
    code: z.string().min(1).max(200),
    /** `HOST[:PORT]`, where there is no multicast. */
    address: z.string().min(1).max(300).optional(),
    guestRole: zGuestRole,
  })
  .meta({ id: 'JoinPairing' })
export type JoinPairing = z.output<typeof zJoinPairing>

export const zPairingParams = z.strictObject({ pairing: z.string().min(1).max(64) })
export const zChooseInviter = z.strictObject({ device: zDeviceId }).meta({ id: 'ChooseInviter' })
export type ChooseInviter = z.infer<typeof zChooseInviter>
