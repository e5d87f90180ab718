/** The limits of sending and receiving, as the API shows and changes them. */

import type { DirectionLimits, Limit, Limits as LimitsView } from '../../protocol/api/limits.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { RateLimit } from '../../protocol/rate-limit.ts'
import { RateLimitError, parseRateLimit, printRateLimit } from '../../protocol/rate-limit.ts'
import type { LimitService } from '../http/service.ts'
import { ServiceError } from '../http/service.ts'
import type { Direction } from '../sync/limits.ts'
import type { ServiceParts } from './parts.ts'
import { deviceOf, nameOf } from './refs.ts'

export function createLimitService(parts: ServiceParts): LimitService {
  return {
    limits: () => Promise.resolve(limitsOf(parts)),
    changeLimits: async ({ device: ref, send, receive }) => {
      const device = ref === undefined ? undefined : deviceOf(parts, ref)
      if (device === parts.transport.self)
        throw new ServiceError('is-this-device', 'What this device sends and receives in all has no name.', {
          nextStep: 'Leave the name out to limit all devices together.',
        })
      await parts.limits.change(device, {
        ...(send !== undefined && { send: limitFrom(send) }),
        ...(receive !== undefined && { receive: limitFrom(receive) }),
      })
      return limitsOf(parts)
    },
  }
}

export function limitsOf(parts: ServiceParts): LimitsView {
  const { limits } = parts
  const devices = limits.devices().filter((device) => parts.groupLog.isMember(device))
  const views = devices.map((device) => ({ device, name: nameOf(parts, device), ...ofDevice(parts, device) }))
  const all = (direction: Direction): Limit => toView(limits.total(direction), limits[direction].rateNow())
  return {
    all: { send: all('send'), receive: all('receive') },
    devices: views.sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

/** Null where a device has no limit of its own. */
export function deviceLimitsOf(parts: ServiceParts, device: DeviceId): DirectionLimits | null {
  return parts.limits.devices().includes(device) ? ofDevice(parts, device) : null
}

function ofDevice({ limits }: ServiceParts, device: DeviceId): DirectionLimits {
  const view = (direction: Direction): Limit => toView(limits.of(device, direction), limits[direction].rateNow(device))
  return { send: view('send'), receive: view('receive') }
}

function toView(limit: RateLimit, now: number | null): Limit {
  return { rules: printRateLimit(limit), now }
}

function limitFrom(rules: readonly string[] | null): RateLimit | null {
  if (rules === null) return null
  try {
    return parseRateLimit(rules)
  } catch (cause) {
    if (!(cause instanceof RateLimitError)) throw cause
    throw new ServiceError('bad-request', cause.message, { cause, nextStep: 'See `holt limit --help`.' })
  }
}
