/** Two devices that are paired and keep a folder. */

import { mkdirSync } from 'node:fs'
import type { Folder } from '../../protocol/api/folders.ts'
import { Device, digest, pair, until } from './device.ts'
import type { DeviceOptions } from './device.ts'

/** Two devices of one group. */
export async function withPair(
  body: (anna: Device, ben: Device) => Promise<void>,
  options: DeviceOptions = {},
): Promise<void> {
  await using anna = new Device('anna', options)
  await using ben = new Device('ben', options)
  await Promise.all([anna.start(), ben.start()])
  await pair(anna, ben)
  await body(anna, ben)
}

/** The one adds `Photos`, the other accepts it. Gives both roots. */
export async function share(anna: Device, ben: Device): Promise<{ here: string; there: string }> {
  const [here, there] = [anna.path('Photos'), ben.path('Photos')]
  mkdirSync(here, { recursive: true })
  await anna.mustHolt('add', here)
  await ben.mustHolt('accept', 'Photos', there, '--yes')
  return { here, there }
}

export const same = (a: string, b: string) => (): boolean => digest(a) === digest(b)

/** With every other device, which is there, too. */
export function isInSync({ state, peers }: Folder): boolean {
  return state.kind === 'in-sync' && peers.every((peer) => peer.isOnline && peer.isInSync)
}

/** Waits until all are in sync by their own word. */
export async function untilInSync(...devices: readonly Device[]): Promise<void> {
  for (const device of devices) {
    await until(`${device.name} is in sync`, async () => isInSync(await device.folder('Photos')))
  }
}
