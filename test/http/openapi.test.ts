/** The document that tooling reads. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { z } from 'zod'
import { API_PREFIX } from '../../protocol/api/constants.ts'
import { listRoutes } from '../../protocol/api/routes.ts'
import { runApi } from './running-api.ts'

const zContent = z.object({ content: z.record(z.string(), z.unknown()) })
const zOperation = z.object({
  operationId: z.string(),
  summary: z.string(),
  parameters: z.array(z.object({ name: z.string(), in: z.string() })).default([]),
  requestBody: zContent.optional(),
  responses: z.record(z.string(), zContent),
})
const zDocument = z.object({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), zOperation)),
  components: z.object({ schemas: z.record(z.string(), z.looseObject({ required: z.array(z.string()).optional() })) }),
})

async function readDocument(): Promise<{ text: string; document: z.infer<typeof zDocument> }> {
  await using api = await runApi()
  const { status, text } = await api.call({ path: '/openapi.json' })
  assert.equal(status, 200)
  return { text, document: zDocument.parse(JSON.parse(text)) }
}

describe('the OpenAPI document', () => {
  it('is valid by the published schema of OpenAPI 3.1', async () => {
    const { text, document } = await readDocument()
    const validator = new Validator()
    const result = await validator.validate(z.record(z.string(), z.unknown()).parse(JSON.parse(text)))
    assert.deepEqual(result, { valid: true })
    assert.equal(validator.version, '3.1')
    assert.equal(document.openapi, '3.1.0')
  })
  it('has every operation of the table under its method and path, and no other', async () => {
    const { document } = await readDocument()
    const found = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${method.toUpperCase()} ${path} ${operationId}`),
    )
    const wanted = listRoutes().map(({ method, path, operationId }) => `${method} ${API_PREFIX}${path} ${operationId}`)
    assert.deepEqual(found.sort(), wanted.sort())
  })
  it('says of every operation what it does, its parameters, its answer and its problems', async () => {
    const { document } = await readDocument()
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        const inPath = operation.parameters.filter((each) => each.in === 'path').map((each) => each.name)
        assert.deepEqual(
          inPath,
          [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
          path,
        )
        assert.notEqual(operation.summary, '')
        assert.deepEqual(Object.keys(operation.responses['default']?.content ?? {}), ['application/problem+json'])
        assert.equal(Object.keys(operation.responses).length, 2, path)
      }
    }
  })
  it('points only at schemas that it has', async () => {
    const { text, document } = await readDocument()
    const named = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1] ?? '')
    assert.ok(named.length > 30)
    assert.deepEqual(
      named.filter((name) => !(name in document.components.schemas)),
      [],
    )
  })
  it('tells requests apart from what they become: a default may be left out', async () => {
    const { document } = await readDocument()
    const schema = JSON.stringify(document.paths[`${API_PREFIX}/folders`]?.['post']?.requestBody)
    const [, name] = /schemas\/(\w+)/.exec(schema) ?? []
    assert.deepEqual(document.components.schemas[name ?? '']?.required, ['path'])
  })
})
