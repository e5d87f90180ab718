/** Who gets past the TCP door, and that nothing else does. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { API_BODY_BYTES_MAX } from '../../protocol/api/constants.ts'
import { createGuard } from '../../daemon/http/guard.ts'
import type { Answer } from './running-api.ts'
import { TOKEN, runApi } from './running-api.ts'

const HOST = 'localhost:14659'
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` }

describe('the guard of the TCP door', () => {
  const guard = createGuard(TOKEN)
  const codeOf = (headers: Record<string, string>): string | undefined => guard({ ...AUTHORIZED, ...headers })?.code

  it('takes the names of this machine, on whatever port a tunnel gives them', () => {
    for (const host of ['localhost', 'LOCALHOST:80', '127.0.0.1:14659', '[::1]:9', '[::1]']) {
      assert.equal(codeOf({ host }), undefined, host)
    }
  })
  it('refuses every other host: a page whose name was rebound to loopback says its own', () => {
    const hosts = ['evil.example', '127.0.0.1.evil.example', 'localhost.evil:80', '0.0.0.0', '::1', '', '127.0.0.1:a']
    for (const host of hosts) assert.equal(codeOf({ host }), 'wrong-host', host)
    assert.equal(guard(AUTHORIZED)?.code, 'wrong-host')
  })
  it('refuses pages of other origins, and those that hide theirs', () => {
    for (const origin of ['https://evil.example', 'null', 'http://localhost:3000', 'https://localhost:14659', '']) {
      assert.equal(codeOf({ host: HOST, origin }), 'cross-site', origin)
    }
    assert.equal(codeOf({ host: HOST, origin: `http://${HOST}` }), undefined)
  })
  it('refuses what the browser says another site caused', () => {
    for (const site of ['cross-site', 'same-site', 'anything']) {
      assert.equal(codeOf({ host: HOST, 'sec-fetch-site': site }), 'cross-site', site)
    }
    assert.equal(codeOf({ host: HOST, 'sec-fetch-site': 'same-origin' }), undefined)
    assert.equal(codeOf({ host: HOST, 'sec-fetch-site': 'none' }), undefined)
  })
  it('refuses every token but the right one', () => {
    const wrong = ['', TOKEN, `Basic ${TOKEN}`, 'Bearer ', `Bearer ${TOKEN.slice(1)}`, `Bearer ${TOKEN}0`]
    for (const authorization of wrong)
      assert.equal(codeOf({ host: HOST, authorization }), 'unauthorized', authorization)
    assert.equal(guard({ host: HOST })?.code, 'unauthorized')
    assert.equal(codeOf({ host: HOST, authorization: `bearer ${TOKEN}` }), undefined)
  })
})

describe('the API over TCP', () => {
  it('answers a client that has the token', async () => {
    await using api = await runApi()
    assert.equal((await api.callTcp({ path: '/status' })).status, 200)
  })
  it('refuses before it routes, with a problem, and ends the connection', async () => {
    await using api = await runApi()
    const { status, headers, body } = await api.callTcp({ path: '/daemon/shutdown', method: 'POST', headers: {} })
    assert.equal(status, 401)
    assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8')
    assert.equal(headers['www-authenticate'], 'Bearer realm="holt"')
    assert.equal(headers.connection, 'close')
    assert.equal(body['code'], 'unauthorized')
    assert.equal(api.service.isStopped(), false)
  })
  it('guards what does not exist and the OpenAPI document, too', async () => {
    await using api = await runApi()
    assert.equal((await api.callTcp({ path: '/nothing', headers: {} })).status, 401)
    assert.equal((await api.callTcp({ path: '/openapi.json', headers: {} })).status, 401)
  })
  it('answers 421 to another host and 403 to another origin, whatever the token', async () => {
    await using api = await runApi()
    const say = (headers: Record<string, string>): Promise<Answer> =>
      api.callTcp({ path: '/status', headers: { ...AUTHORIZED, ...headers } })
    assert.equal((await say({ host: 'evil.example' })).status, 421)
    assert.equal((await say({ origin: 'http://evil.example' })).status, 403)
  })
  it('lets no browser read an answer: no header of CORS, not even to a preflight', async () => {
    await using api = await runApi()
    const headers = { ...AUTHORIZED, 'access-control-request-method': 'POST' }
    const preflight = await api.callTcp({ method: 'OPTIONS', path: '/folders', headers })
    const plain = await api.callTcp({ path: '/status' })
    assert.equal(preflight.status, 404)
    for (const { headers } of [preflight, plain]) {
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith('access-control')),
        [],
      )
    }
  })
})

describe('an answer of the API', () => {
  it('is never sniffed, stored or run', async () => {
    await using api = await runApi()
    const answers = [
      await api.call({ path: '/status' }),
      await api.call({ path: '/nothing' }),
      await api.callTcp({ path: '/status', headers: {} }),
    ]
    for (const { headers } of answers) {
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['cache-control'], 'no-store')
      assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    }
  })
})

describe('a body', () => {
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
  ]
  for (const type of types) {
    it(`of type ${type.split(';')[0] ?? type} is refused, which a page may send without asking`, async () => {
      await using api = await runApi()
      const said = { method: 'POST', path: '/folders', headers: { 'content-type': type }, body: '{"path":"/x"}' }
      const { status, body } = await api.call(said)
      assert.equal(status, 415)
      assert.equal(body['code'], 'not-json')
    })
  }
  it('may say its character set', async () => {
    await using api = await runApi()
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    assert.equal((await api.call({ method: 'POST', path: '/folders', headers, body: { path: '/x' } })).status, 201)
  })
  it('is refused when it is too large', async () => {
    await using api = await runApi()
    const body = { path: `/${'x'.repeat(API_BODY_BYTES_MAX)}` }
    const answer = await api.call({ method: 'POST', path: '/folders', body })
    assert.equal(answer.status, 413)
    assert.equal(answer.body['code'], 'body-too-large')
  })
})
