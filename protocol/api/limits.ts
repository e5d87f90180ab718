/** How fast bytes of files may go out and come in, as the API says it. */

import { z } from 'zod'
import { zDeviceId, zRef } from './fields.ts'

const RULE_LENGTH_MAX = 128
const RULES_MAX = 64

/** The limit of one direction. */
export const zLimit = z
  .object({
    rules: z
      .array(z.string())
      .describe('Such as `2M`, `08:00-18:00 mon-fri 500K` or `22:00-06:00 pause`; `none` where nothing is limited'),
    now: z.number().min(0).nullable().describe('Bytes a second that hold now; 0: paused; null: as fast as it goes'),
  })
  .meta({ id: 'Limit' })
export type Limit = z.infer<typeof zLimit>

/** Bytes of files only: what devices tell each other of them is never held up. */
export const zDirectionLimits = z.object({ send: zLimit, receive: zLimit }).meta({ id: 'DirectionLimits' })
export type DirectionLimits = z.infer<typeof zDirectionLimits>

export const zLimits = z
  .object({
    all: zDirectionLimits.describe('Of all devices together'),
    devices: z
      .array(z.object({ device: zDeviceId, name: z.string(), ...zDirectionLimits.shape }))
      .describe('Devices that have a limit of their own, by name'),
  })
  .meta({ id: 'Limits' })
export type Limits = z.infer<typeof zLimits>

const zRules = z.array(z.string().max(RULE_LENGTH_MAX)).max(RULES_MAX).nullable().optional()

/** What is left out stays as it is; null: as configured, and of a single device no limit. */
export const zChangeLimits = z
  .strictObject({
    device: zRef.optional().describe('One device; all together when left out'),
    send: zRules,
    receive: zRules,
  })
  .meta({ id: 'ChangeLimits' })
export type ChangeLimits = z.infer<typeof zChangeLimits>
