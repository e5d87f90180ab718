/** Routes of devices and the group. */

import type { JsonHandlers } from '../handlers.ts'
import type { DeviceService } from '../service.ts'

type DeviceIds = 'listDevices' | 'getDevice' | 'renameDevice' | 'removeDevice' | 'leaveGroup'

export function deviceRoutes(service: DeviceService): JsonHandlers<DeviceIds> {
  return {
    listDevices: () => service.devices(),
    getDevice: ({ params }) => service.device(params.device),
    renameDevice: ({ params, body }) => service.renameDevice(params.device, body.name),
    removeDevice: ({ params, query }) => service.removeDevice(params.device, query),
    leaveGroup: () => service.leave(),
  }
}
