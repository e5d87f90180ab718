/** Routes of devices and the group. */

import type { JsonHandlers } from '../handlers.ts'
import type { DeviceService, RecoveryService } from '../service.ts'

type DeviceIds = 'listDevices' | 'getDevice' | 'renameDevice' | 'removeDevice' | 'setDeviceRole' | 'leaveGroup'
type RecoveryIds = 'removeDeviceWithWords' | 'getRecovery' | 'showRecovery' | 'forgetRecovery' | 'useRecovery'

export function deviceRoutes(service: DeviceService): JsonHandlers<DeviceIds> {
  return {
    listDevices: () => service.devices(),
    getDevice: ({ params }) => service.device(params.device),
    renameDevice: ({ params, body }) => service.renameDevice(params.device, body.name),
    removeDevice: ({ params, query }) => service.removeDevice(params.device, query),
    setDeviceRole: ({ params, body }) => service.setDeviceRole(params.device, body.role),
    leaveGroup: () => service.leave(),
  }
}

export function recoveryRoutes(service: RecoveryService): JsonHandlers<RecoveryIds> {
  return {
    removeDeviceWithWords: ({ params, body }) => service.removeDeviceWithWords(params.device, body),
    getRecovery: () => service.recovery(),
    showRecovery: () => service.showRecovery(),
    forgetRecovery: () => service.forgetRecovery(),
    useRecovery: ({ body }) => service.useRecovery(body),
  }
}
