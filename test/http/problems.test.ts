/** What a client reads when something fails. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ProblemCode } from '../../protocol/api/problem-codes.ts'
import { PROBLEMS, isProblemCode } from '../../protocol/api/problem-codes.ts'
import { zProblem } from '../../protocol/api/problems.ts'
import { ServiceError } from '../../daemon/http/service.ts'
import { toProblem } from '../../daemon/http/problem.ts'
import type { Answer } from './running-api.ts'
import { runApi } from './running-api.ts'

const CODES = Object.keys(PROBLEMS).filter(isProblemCode)

describe('a problem', () => {
  for (const code of CODES) {
    it(`${code} has a status, a title that is no sentence, and a sentence for what to do next`, () => {
      const problem = zProblem.parse(toProblem(new ServiceError(code, 'It is so.')))
      assert.equal(problem.code, code)
      assert.equal(problem.type, `urn:holt:problem:${code}`)
      assert.equal(problem.status, PROBLEMS[code].status)
      assert.equal(problem.detail, 'It is so.')
      assert.match(problem.title, /^[A-Z].*[^.]$/)
      assert.match(problem.nextStep, /^[A-Z].*\.$/)
    })
  }
  it('says a better next step where one is known', () => {
    const problem = toProblem(new ServiceError('no-space', 'Full.', { nextStep: 'Empty the bin.' }))
    assert.equal(problem.nextStep, 'Empty the bin.')
  })
  it('exits with not found exactly where something is not found', () => {
    const notFound: ProblemCode[] = CODES.filter((code) => PROBLEMS[code].status === 404)
    for (const code of notFound) assert.equal(PROBLEMS[code].exit, 5, code)
  })
})

describe('a request that is wrong', () => {
  const fieldsOf = ({ body }: Answer): unknown =>
    Array.isArray(body['fields']) ? body['fields'].map((each: { field: string }) => each.field) : undefined

  const wrong: readonly (readonly [what: string, path: string, body: unknown, fields: readonly string[]])[] = [
    ['a path that is not absolute', '/folders', { path: 'Photos' }, ['body.path']],
    ['a path with NUL', '/folders', { path: '/a\u0000b' }, ['body.path']],
    ['a field that is missing', '/folders', {}, ['body.path']],
    ['no body where one is needed', '/folders', undefined, ['body']],
    ['a field that nobody knows', '/folders', { path: '/a', comfirm: true }, ['body']],
    ['a name with a line break', '/folders', { path: '/a', name: 'a\nb' }, ['body.name']],
    ['a name of too many bytes', '/folders', { path: '/a', name: 'ü'.repeat(65) }, ['body.name']],
    ['a name with a slash', '/folders', { path: '/a', name: 'a/b' }, ['body.name']],
    ['two wrong fields', '/folders', { path: 1, confirm: 'yes' }, ['body.path', 'body.confirm']],
    ['a device that is none', '/pairings/p1/choose', { device: '12D3KooW' }, ['body.device']],
  ]
  for (const [what, path, body, fields] of wrong) {
    it(`names the field: ${what}`, async () => {
      await using api = await runApi()
      const answer = await api.call({ method: 'POST', path, body })
      assert.equal(answer.status, 400)
      assert.equal(answer.body['code'], 'bad-request')
      assert.deepEqual(fieldsOf(answer), fields)
      for (const field of fields) assert.match(String(answer.body['detail']), new RegExp(field.replace('.', '\\.')))
    })
  }
  it('names the field of a query', async () => {
    await using api = await runApi()
    assert.deepEqual(fieldsOf(await api.call({ path: '/logs?limit=0' })), ['query.limit'])
    assert.deepEqual(fieldsOf(await api.call({ path: '/events?after=nonsense!' })), ['query.after'])
  })
  it('says so when the body is not JSON at all', async () => {
    await using api = await runApi()
    const answer = await api.call({ method: 'POST', path: '/folders', body: '{"path":' })
    assert.equal(answer.status, 400)
    assert.equal(answer.body['code'], 'bad-request')
  })
  it('does not reach into prototypes', async () => {
    await using api = await runApi()
    const body = '{"path":"/a","__proto__":{"confirm":true}}'
    assert.equal((await api.call({ method: 'POST', path: '/folders', body })).status, 400)
  })
  it('is told when there is no such operation', async () => {
    await using api = await runApi()
    const answer = await api.call({ method: 'DELETE', path: '/status' })
    assert.equal(answer.status, 404)
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
    assert.match(String(answer.body['detail']), /DELETE \/api\/v1\/status/)
  })
})

describe('an engine that fails', () => {
  it('unexpectedly is answered as internal, and logged', async () => {
    await using api = await runApi()
    Object.assign(api.service, { config: () => Promise.reject(new TypeError('the dog ate it')) })
    const answer = await api.call({ path: '/config' })
    assert.equal(answer.status, 500)
    assert.equal(answer.body['code'], 'internal')
    assert.match(String(answer.body['detail']), /the dog ate it/)
    assert.ok(api.logged.includes('http.failed'))
  })
  it('by answering what its schema forbids is answered as internal, and that answer is never sent', async () => {
    await using api = await runApi()
    Object.assign(api.service, { config: () => Promise.resolve({ file: 'relative', settings: [] }) })
    const answer = await api.call({ path: '/config' })
    assert.equal(answer.status, 500)
    assert.equal(answer.body['code'], 'internal')
    assert.doesNotMatch(answer.text, /relative/)
  })
  it('by saying more than its schema keeps that to itself', async () => {
    await using api = await runApi()
    Object.assign(api.service, { config: () => Promise.resolve({ file: '/f', settings: [], secret: 'x' }) })
    assert.deepEqual((await api.call({ path: '/config' })).body, { file: '/f', settings: [] })
  })
})
