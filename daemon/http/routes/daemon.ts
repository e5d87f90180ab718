/** Routes of the daemon itself. */

import { API_PREFIX } from '../../../protocol/api/constants.ts'
import type { Api } from '../../../protocol/api/daemon.ts'
import type { EventStreamHandlers, JsonHandlers, NdjsonHandlers } from '../handlers.ts'
import type { DaemonService, EventSource } from '../service.ts'

/** Where this server listens; known once it does. */
export interface Listening {
  readonly socketPath: string
  /** `127.0.0.1:PORT` */
  readonly tcpAddress: string | undefined
  readonly token: string
}

type Service = DaemonService & { readonly events: EventSource }
type DaemonIds = 'getApi' | 'getDaemon' | 'shutDown' | 'getStatus' | 'getConfig' | 'runDoctor' | 'listLogs'

export function daemonRoutes(service: Service, listening: () => Listening): JsonHandlers<DaemonIds> {
  const daemon = async () => ({ ...(await service.daemon()), apiAddress: listening().tcpAddress ?? null })
  return {
    getApi: () => Promise.resolve(toApi(listening())),
    getDaemon: daemon,
    shutDown: async () => {
      const { pid } = await service.daemon()
      await service.shutDown()
      return { pid }
    },
    getStatus: async () => {
      // The id is taken first, so that whoever follows from it hears again of what happens meanwhile, and misses nothing.
      const eventId = service.events.lastId()
      return { ...(await service.status()), daemon: await daemon(), eventId }
    },
    getConfig: () => service.config(),
    runDoctor: ({ query }, { signal }) => service.doctor(query.device, { signal }),
    listLogs: ({ query }) => service.logs(query.limit),
  }
}

export function logStream(service: DaemonService): EventStreamHandlers<'followLogs'> {
  return {
    followLogs: ({ query }, { signal }) => Promise.resolve({ items: service.followLogs(query.limit, { signal }) }),
  }
}

export function supportBundle(service: DaemonService): NdjsonHandlers<'getSupportBundle'> {
  return { getSupportBundle: (_request, { signal }) => Promise.resolve({ items: service.supportBundle({ signal }) }) }
}

function toApi({ socketPath, tcpAddress, token }: Listening): Api {
  return {
    url: tcpAddress === undefined ? null : `http://${tcpAddress}`,
    socketPath,
    token,
    openApiPath: `${API_PREFIX}/openapi.json`,
  }
}
