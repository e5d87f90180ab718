/** What a daemon opens once when it begins: its identity, catalogue, group log, port and API. */

import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runtimeDirFor } from '../protocol/api/home-path.ts'
import { socketPathFor } from '../protocol/api/socket-path.ts'
import { TOKEN_BYTES } from '../protocol/api/constants.ts'
import type { DeviceId } from '../protocol/ids.ts'
import { parseDeviceId } from '../protocol/ids.ts'
import { createRecovery } from '../protocol/recovery.ts'
import { removeCatalogue } from './catalogue/catalogue-file.ts'
import type { Config, Environment } from './config.ts'
import { openStateFiles } from './disk/state-files.ts'
import type { HttpServer } from './http/server.ts'
import type { Identity } from './identity-file.ts'
import { loadIdentity, renewIdentity } from './identity-file.ts'
import type { FileLog } from './log.ts'
import { openPeerTransport } from './peers/transport.ts'
import type { Libp2pPeerTransport } from './peers/transport.ts'
import type { StateFiles } from './ports.ts'
import type { ServiceParts } from './service/parts.ts'
import type { Deps } from './sync/folder.ts'
import { openGroupLog } from './sync/found-group.ts'
import { forgetGroup } from './sync/group-file.ts'
import type { GroupLog } from './sync/group-log.ts'
import { loadSettings } from './sync/settings.ts'

const ADDRESSES_FILE = 'addresses'
const TOKEN_FILE = 'token'
const STATE_DIRECTORY = 'state'

export interface DaemonOptions {
  readonly config: Config
  readonly environment: Environment
  readonly version: string
  readonly log: FileLog
}

/** The identity; a leave that was interrupted is finished first. */
export async function settledIdentity(o: DaemonOptions, state: StateFiles): Promise<Identity> {
  return (await state.read(LEAVING_FILE)) === undefined ? loadIdentity(state) : finishLeaving(o, state)
}

const LEAVING_FILE = 'leaving'

/** A removed key is never added again: what left its group goes on as another device, and keeps its folders. */
export async function finishLeaving(o: Pick<DaemonOptions, 'config'>, state?: StateFiles): Promise<Identity> {
  const files = state ?? (await openStateFiles(join(o.config.home, STATE_DIRECTORY)))
  await files.write(LEAVING_FILE, new Uint8Array())
  const identity = await renewIdentity(files)
  await forgetGroup(files)
  for (const name of await files.list('folders/')) if (name.endsWith('.head')) await files.remove(name)
  await removeCatalogue(o.config.home)
  await files.remove(LEAVING_FILE)
  return identity
}

export async function foundOrOpen(o: DaemonOptions, deps: Deps, identity: Identity): Promise<GroupLog> {
  const held = await loadSettings(deps.state)
  return openGroupLog(
    { files: deps.state, clock: deps.clock, crypto: deps.crypto, signer: deps.signer },
    {
      groupName: `${o.config.deviceName}'s devices`,
      deviceName: o.config.deviceName,
      exchangeKey: identity.exchangeKey,
      random: deps.random,
      createRecovery,
      folders: held.map(({ id, name }) => ({ folder: id, name, defaultMode: 'send-receive', options: [] })),
    },
  )
}

export async function openTransport(
  o: DaemonOptions,
  { state, clock }: Pick<Deps, 'state' | 'clock'>,
  identity: Identity,
): Promise<Libp2pPeerTransport> {
  const { config, log } = o
  const known = await loadAddresses(state)
  return openPeerTransport({
    seed: identity.seed,
    listen: { host: config.listen.host, port: config.listen.port, isExplicit: config.explicit.has('listen') },
    discovery: config.discovery,
    ...{ log, clock },
    known,
    onAddresses: (device, addresses) => {
      known.set(device, [...addresses])
      state.write(ADDRESSES_FILE, Buffer.from(JSON.stringify([...known]))).catch((cause: unknown) => {
        log.event('addresses.failed', { cause: String(cause) })
      })
    },
  })
}

/** Only a cache: whatever is wrong with it, it begins empty. */
async function loadAddresses(state: StateFiles): Promise<Map<DeviceId, string[]>> {
  const known = new Map<DeviceId, string[]>()
  try {
    const value: unknown = JSON.parse(Buffer.from((await state.read(ADDRESSES_FILE)) ?? '[]').toString())
    if (!Array.isArray(value)) return known
    for (const pair of value) {
      if (Array.isArray(pair) && Array.isArray(pair[1])) known.set(parseDeviceId(pair[0]), pair[1].map(String))
    }
  } catch {
    known.clear()
  }
  return known
}

export async function openHttp(o: DaemonOptions, parts: ServiceParts, state: StateFiles): Promise<HttpServer> {
  const { config, environment, log } = o
  const runtimeDir = runtimeDirFor(environment, tmpdir())
  const socketPath = socketPathFor({ home: config.home, runtimeDir, platform: process.platform })
  const { apiListen } = config
  const tcp =
    apiListen.kind === 'off'
      ? 'off'
      : { host: apiListen.host, port: apiListen.port, isExplicit: config.explicit.has('apiListen') }
  // Half of all that is loaded is for the API, and nothing else waits for it.
  const [{ startHttp }, { createService }] = await Promise.all([
    import('./http/server.ts'),
    import('./service/service.ts'),
  ])
  return startHttp({ service: createService(parts), token: await loadToken(state), socketPath, tcp, log })
}

async function loadToken(state: StateFiles): Promise<string> {
  const known = await state.read(TOKEN_FILE)
  if (known !== undefined) return Buffer.from(known).toString().trim()
  const token = randomBytes(TOKEN_BYTES).toString('hex')
  await state.write(TOKEN_FILE, Buffer.from(token))
  return token
}
