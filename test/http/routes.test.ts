/** What every operation says over the unix socket. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listRoutes } from '../../protocol/api/routes.ts'
import { MUSIC, PHOTOS } from './fake-folders.ts'
import { OTHER, SELF, START_MS } from './fake-service.ts'
import type { Answer, RunningApi } from './running-api.ts'
import { TOKEN, readEvents, runApi, take, toAnswer } from './running-api.ts'

describe('the API over its socket', () => {
  describe('of the daemon', () => {
    it('tells scripts the address and the token', async () => {
      await using api = await runApi()
      const { body } = await get(api, '/api')
      assert.equal(body['url'], `http://${api.server.tcpAddress ?? ''}`)
      assert.equal(body['token'], TOKEN)
      assert.equal(body['socketPath'], api.server.socketPath)
    })
    it('tells which device runs, and where the API listens', async () => {
      await using api = await runApi()
      const { status, body } = await get(api, '/daemon')
      assert.equal(status, 200)
      assert.equal(body['device'], SELF)
      assert.equal(body['apiAddress'], api.server.tcpAddress)
    })
    it('tells everything at a glance, with the event to follow from', async () => {
      await using api = await runApi()
      const { body } = await get(api, '/status')
      assert.deepEqual(Object.keys(body).sort(), [
        'attention',
        'daemon',
        'devices',
        'eventId',
        'folders',
        'group',
        'limits',
        'pairing',
        'transfers',
      ])
      assert.equal(body['eventId'], api.service.events.lastId())
    })
    it('tells the settings in force', async () => {
      await using api = await runApi()
      assert.equal((await get(api, '/config')).body['file'], '/home/ada/.holt/config.toml')
    })
    it('checks the device, and a peer where one is named', async () => {
      await using api = await runApi()
      assert.match((await get(api, '/doctor')).text, /Open it\./)
      assert.equal((await get(api, '/doctor?device=nobody')).body['code'], 'device-not-found')
    })
    it('gives the newest records of the log', async () => {
      await using api = await runApi()
      const { body } = await get(api, '/logs?limit=2')
      assert.deepEqual(body['records'], [
        { atMs: START_MS + 2, name: 'folder.scanned', fields: { files: 2 } },
        { atMs: START_MS + 3, name: 'folder.scanned', fields: { files: 3 } },
      ])
    })
    it('follows the log', async () => {
      await using api = await runApi()
      const [first] = await take(readEvents(await api.open({ path: '/logs/stream' })), 1)
      assert.equal(first?.data['name'], 'folder.scanned')
    })
    it('gives a support bundle, one part a line', async () => {
      await using api = await runApi()
      const { headers, text } = await get(api, '/support-bundle')
      assert.equal(headers['content-type'], 'application/x-ndjson')
      assert.deepEqual(
        text
          .trimEnd()
          .split('\n')
          .map((line): unknown => JSON.parse(line)),
        [
          { name: 'doctor.json', text: '{}\n' },
          { name: 'holt.log', text: 'line one\nline two\n' },
        ],
      )
    })
    it('is asked to stop, and says which process stops', async () => {
      await using api = await runApi()
      const { status, body } = await post(api, '/daemon/shutdown')
      assert.equal(status, 202)
      assert.equal(body['pid'], 4711)
      assert.equal(api.service.isStopped(), true)
    })
  })

  describe('of devices', () => {
    it('lists them with their group', async () => {
      await using api = await runApi()
      const { body } = await get(api, '/devices')
      assert.deepEqual(Object.keys(body), ['group', 'devices', 'removed'])
    })
    it('finds one by its id, and by a name with a slash and an umlaut', async () => {
      await using api = await runApi()
      assert.equal((await get(api, `/devices/${OTHER}`)).body['id'], OTHER)
      assert.equal((await get(api, `/devices/${encodeURIComponent('ada desktop/über')}`)).body['id'], OTHER)
    })
    it('finds one by the longest name that there may be', async () => {
      await using api = await runApi()
      assert.equal((await get(api, `/devices/${encodeURIComponent('ü'.repeat(64))}`)).body['code'], 'device-not-found')
    })
    it('renames this device, with the name trimmed', async () => {
      await using api = await runApi()
      const renamed = await api.call({ method: 'PATCH', path: `/devices/${SELF}`, body: { name: '  study ' } })
      assert.equal(renamed.body['name'], 'study')
    })
    it('removes a device', async () => {
      await using api = await runApi()
      assert.equal((await api.call({ method: 'DELETE', path: `/devices/${OTHER}` })).body['id'], OTHER)
      assert.equal((await get(api, `/devices/${OTHER}`)).status, 404)
    })
    it('passes on that a device is lost', async () => {
      await using api = await runApi()
      const answer = await api.call({ method: 'DELETE', path: `/devices/${SELF}?lost=true` })
      assert.equal(answer.body['code'], 'senior-device')
      assert.equal(answer.body['nextStep'], 'Ask ada-phone.')
    })
    it('leaves the group and says which files stay', async () => {
      await using api = await runApi()
      assert.deepEqual((await post(api, '/group/leave')).body['kept'], [{ name: 'Photos', root: '/home/ada/Photos' }])
    })
  })

  describe('of folders', () => {
    it('lists what is held and what is offered', async () => {
      await using api = await runApi()
      assert.match((await get(api, '/folders')).text, /"in-sync".*"offered"/)
    })
    it('finds one by its name, and waits as long as it is told', async () => {
      await using api = await runApi()
      assert.equal((await get(api, '/folders/Photos?waitMs=15000')).body['id'], PHOTOS)
      assert.equal((await get(api, '/folders/Photos?waitMs=15001')).body['code'], 'bad-request')
    })
    it('adds a directory', async () => {
      await using api = await runApi()
      const { status, body } = await post(api, '/folders', { path: '/home/ada/Notes' })
      assert.equal(status, 201)
      assert.equal(body['name'], 'Notes')
    })
    it('refuses a name that the group offers, unless told which is meant', async () => {
      await using api = await runApi()
      const request = { path: '/home/ada/Songs', name: 'Music' }
      assert.equal((await post(api, '/folders', request)).body['code'], 'name-offered')
      assert.equal((await post(api, '/folders', { ...request, ifOffered: 'new' })).status, 201)
    })
    it('shows what accepting would do, and accepts what was confirmed', async () => {
      await using api = await runApi()
      const preview = await post(api, `/folders/${MUSIC}/preview`, {})
      assert.deepEqual(preview.body['onlyThere'], { files: 2, bytes: 30 })
      assert.equal((await post(api, `/folders/${MUSIC}/accept`, {})).body['code'], 'confirm-needed')
      const accepted = await post(api, `/folders/${MUSIC}/accept`, { path: '/media/Music', confirm: true })
      assert.equal(accepted.body['root'], '/media/Music')
    })
    it('pauses and resumes', async () => {
      await using api = await runApi()
      assert.deepEqual((await post(api, '/folders/Photos/pause')).body['state'], { kind: 'paused' })
      assert.deepEqual((await post(api, '/folders/Photos/resume')).body['state'], { kind: 'in-sync' })
    })
    it('learns where a folder was moved', async () => {
      await using api = await runApi()
      assert.equal((await post(api, '/folders/Photos/move', { path: '/media/Photos' })).body['root'], '/media/Photos')
    })
    it('approves and rejects what a folder halted for', async () => {
      await using api = await runApi()
      assert.equal((await post(api, '/folders/Photos/approve')).status, 200)
      assert.equal((await post(api, '/folders/Photos/reject')).body['code'], 'not-halted')
    })
    it('lists its paths page by page', async () => {
      await using api = await runApi()
      const first = await get(api, '/folders/Photos/entries?limit=1')
      assert.equal(first.body['next'], 'a.jpg')
      const second = await get(api, '/folders/Photos/entries?limit=1&after=a.jpg&recursive=false')
      assert.equal(second.body['next'], null)
      assert.match(second.text, /"b\.jpg"/)
    })
    it('lists the conflicts of all folders or of one', async () => {
      await using api = await runApi()
      assert.match((await get(api, '/conflicts')).text, /a\.conflict\.jpg/)
      assert.equal((await get(api, '/conflicts?folder=Nothing')).body['code'], 'folder-not-found')
    })
    it('removes here, or everywhere', async () => {
      await using api = await runApi()
      const remove = (query: string) => api.call({ method: 'DELETE', path: `/folders/Photos${query}` })
      assert.equal((await remove('')).body['root'], '/home/ada/Photos')
      assert.deepEqual((await get(api, '/folders/Photos')).body['state'], { kind: 'offered' })
      assert.equal((await remove('?everywhere=true')).status, 200)
      assert.equal((await get(api, '/folders/Photos')).status, 404)
    })
  })

  describe('of pairing', () => {
    it('shows a code, follows the run, and burns the code', async () => {
      await using api = await runApi()
      const started = await post(api, '/pairings')
      assert.equal(started.status, 201)
      assert.equal(started.body['code'], '7-soldier-wet-jelly')
      const run = readEvents(await api.open({ path: '/pairings/p1/stream' }))[Symbol.asyncIterator]()
      assert.deepEqual((await run.next()).value?.data['state'], { kind: 'waiting' })
      api.service.setPairing({ attemptsLeft: 2 })
      assert.equal((await run.next()).value?.data['attemptsLeft'], 2)
      const cancelled = await api.call({ method: 'DELETE', path: '/pairings/p1' })
      assert.deepEqual(cancelled.body['state'], { kind: 'cancelled' })
      assert.deepEqual((await run.next()).value?.data['state'], { kind: 'cancelled' })
      assert.equal((await run.next()).done, true)
    })
    it('joins with a code, and asks again where two devices show it', async () => {
      await using api = await runApi()
      assert.equal((await post(api, '/pairings/join', { code: 'soldier' })).body['code'], 'bad-code')
      assert.equal((await post(api, '/pairings/join', { code: '7-soldier-wet-jelly' })).status, 201)
      assert.equal((await post(api, '/pairings/p1/choose', { device: OTHER })).body['id'], 'p1')
      assert.deepEqual((await get(api, '/pairings/p1')).body['state'], { kind: 'talking', device: OTHER })
    })
    it('answers an unknown run with a problem, its stream too', async () => {
      await using api = await runApi()
      assert.equal((await get(api, '/pairings/p9')).body['code'], 'pairing-not-found')
      assert.equal((await get(api, '/pairings/p9/stream')).status, 404)
    })
  })

  it('routes every operation of the table', async () => {
    await using api = await runApi()
    for (const { method, path, operationId } of listRoutes()) {
      const answer = await api.open({ method, path: path.replaceAll(/\{\w+\}/g, 'x') })
      const isStream = answer.headers['content-type']?.startsWith('text/event-stream') === true
      const { body } = isStream ? { body: { code: 'none' } } : await toAnswer(answer)
      answer.destroy()
      assert.notEqual(body['code'], 'not-found', operationId)
      assert.notEqual(body['code'], 'internal', operationId)
    }
  })
})

const get = (api: RunningApi, path: string): Promise<Answer> => api.call({ path })
const post = (api: RunningApi, path: string, body?: unknown): Promise<Answer> =>
  api.call({ method: 'POST', path, body })
