/** The recovery words never travel over TCP, and what is said of them elsewhere does. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listRoutes } from '../../protocol/api/routes.ts'
import type { Route } from '../../protocol/api/routes.ts'
import { ROUTES } from '../../protocol/api/routes.ts'
import { OTHER, WORDS } from './fake-service.ts'
import { runApi } from './running-api.ts'

describe('the recovery words', () => {
  it('are refused over TCP to whoever has the token, on every route that carries them', async () => {
    await using api = await runApi()
    const carrying = listRoutes().filter(({ path }) => /recovery\/|with-words/.test(path))
    assert.equal(carrying.length, 4)
    for (const { method, path } of carrying) {
      const body = path.includes('use') || path.includes('with-words') ? { body: { words: WORDS } } : {}
      const said = { method, path: path.replace('{device}', OTHER), ...body }
      const { status, body: problem, text } = await api.callTcp(said)
      assert.deepEqual([status, problem['code']], [403, 'socket-only'], path)
      assert.doesNotMatch(text, /legal winner/)
    }
    assert.equal((await api.callTcp({ path: '/recovery' })).body['kind'], 'kept', 'nobody has been shown them')
    assert.equal((await api.callTcp({ path: '/recovery' })).body['shownMs'], null)
  })

  it('are shown over the socket, and forgotten once they were shown', async () => {
    await using api = await runApi()
    const early = await api.call({ method: 'POST', path: '/recovery/forget' })
    assert.deepEqual([early.status, early.body['code']], [409, 'words-unseen'])
    assert.deepEqual((await api.call({ method: 'POST', path: '/recovery/show' })).body, { words: WORDS })
    assert.equal((await api.call({ method: 'POST', path: '/recovery/forget' })).body['kind'], 'forgotten')
    assert.equal((await api.call({ method: 'POST', path: '/recovery/show' })).body['code'], 'words-forgotten')
  })

  it('are used over the socket, and change nothing before a person has seen which group it is', async () => {
    await using api = await runApi()
    const use = async (body: object) => (await api.call({ method: 'POST', path: '/recovery/use', body })).body
    assert.equal((await use({ words: WORDS }))['kind'], 'shown')
    assert.equal((await use({ words: WORDS, confirm: true, from: ['/mnt/old'] }))['kind'], 'restored')
    assert.equal((await use({ words: 'twelve others' }))['code'], 'wrong-words')
    assert.equal((await use({ words: WORDS, from: ['relative'] }))['code'], 'bad-request')
    const path = `/devices/${OTHER}/remove-with-words`
    assert.deepEqual((await api.call({ method: 'POST', path, body: { words: WORDS, sinceMs: 7 } })).body, {
      name: OTHER,
      sinceMs: 7,
    })
    const role = await api.call({ method: 'POST', path: `/devices/${OTHER}/role`, body: { role: 'member' } })
    assert.equal(role.body['role'], 'member')
  })

  it('are on no route that says less of its door than it does', () => {
    for (const [id, route] of Object.entries(ROUTES)) {
      const { door }: Route = route
      assert.equal(door === 'socket', /only over the unix socket/.test(route.summary), id)
    }
  })
})
