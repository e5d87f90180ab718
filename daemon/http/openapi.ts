/** The OpenAPI document of the API. Made when somebody asks for it: what makes it is large, and few ask. */

import swagger from '@fastify/swagger'
import fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod'
import { NO_JSON_SCHEMAS } from './no-json-schemas.ts'

/** @param register hangs the operations into an application that never answers a request */
export async function describeApi(version: string, register: (app: FastifyInstance) => void): Promise<object> {
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    schemaController: { compilersFactory: NO_JSON_SCHEMAS },
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(swagger, documentOptions(version))
  register(app)
  await app.ready()
  const document = app.swagger()
  await app.close()
  return document
}

function documentOptions(version: string): Parameters<typeof swagger>[1] & object {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Holt',
        version,
        description: 'The local API of the Holt daemon. Failures are problems of RFC 9457 with stable codes.',
      },
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'As `holt api` prints it; not needed on the unix socket',
          },
        },
      },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  }
}
