/** The Fastify application: every operation, the OpenAPI document, and problems as the only kind of failure. */

import type { IncomingMessage } from 'node:http'
import fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { API_BODY_BYTES_MAX, API_PREFIX } from '../../protocol/api/constants.ts'
import type { Log } from '../ports.ts'
import type { Handlers } from './handlers.ts'
import { NO_JSON_SCHEMAS } from './no-json-schemas.ts'
import { PROBLEM_TYPE, SAFE_HEADERS, toProblem } from './problem.ts'
import { registerOperations } from './register.ts'
import type { Listening } from './routes/daemon.ts'
import { daemonRoutes, logStream, supportBundle } from './routes/daemon.ts'
import { deviceRoutes, recoveryRoutes } from './routes/devices.ts'
import { eventRoutes, eventStream } from './routes/events.ts'
import { folderRoutes } from './routes/folders.ts'
import { limitRoutes } from './routes/limits.ts'
import { verifyRoutes } from './routes/verify.ts'
import { versionRoutes } from './routes/versions.ts'
import { pairingRoutes, pairingStream } from './routes/pairing.ts'
import { pairRun } from './routes/pairs.ts'
import type { HoltService } from './service.ts'
import { ServiceError } from './service.ts'

/** Characters of one parameter in a path, percent-encoded: a name of 128 bytes and more. */
const PARAM_LENGTH_MAX = 1024

export interface AppOptions {
  readonly service: HoltService
  readonly listening: () => Listening
  readonly version: string
  readonly log: Log
  /** Whether a request came over TCP. */
  readonly isOverTcp: (request: IncomingMessage) => boolean
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal
}

/** Ready to route requests; it listens nowhere itself. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { log, stopping, isOverTcp } = options
  const app = fastify({
    logger: false,
    bodyLimit: API_BODY_BYTES_MAX,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    schemaController: { compilersFactory: NO_JSON_SCHEMAS },
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SAFE_HEADERS)
    if (stopping.aborted) throw new ServiceError('stopping', 'The daemon is stopping and takes no more requests.')
  })
  answerFailures(app, log)
  const register = (into: FastifyInstance): void =>
    registerOperations(into, createHandlers(options), { stopping, log, isOverTcp })
  register(app)
  app.get(`${API_PREFIX}/openapi.json`, async () => {
    const { describeApi } = await import('./openapi.ts')
    return describeApi(options.version, register)
  })
  await app.ready()
  return app
}

function createHandlers({ service, listening }: AppOptions): Handlers {
  return {
    json: {
      ...daemonRoutes(service, listening),
      ...deviceRoutes(service),
      ...limitRoutes(service),
      ...recoveryRoutes(service),
      ...folderRoutes(service),
      ...verifyRoutes(service),
      ...versionRoutes(service),
      ...pairingRoutes(service),
      ...eventRoutes(service.events),
    },
    eventStreams: { ...logStream(service), ...pairingStream(service), ...eventStream(service.events) },
    ndjson: { ...supportBundle(service), ...pairRun(service) },
  }
}

function answerFailures(app: FastifyInstance, log: Log): void {
  app.setErrorHandler(async (error, request, reply) => {
    const problem = toProblem(error)
    if (problem.code === 'internal') {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
      log.event('http.failed', { method: request.method, route: request.routeOptions.url ?? '', stack })
    }
    await reply.code(problem.status).type(PROBLEM_TYPE).send(problem)
  })
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    const problem = toProblem(new ServiceError('not-found', `There is no ${request.method} ${path}.`))
    await reply.code(problem.status).type(PROBLEM_TYPE).send(problem)
  })
}
