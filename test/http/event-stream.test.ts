/** Server-sent events as a client sees them. */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import type { NewEvent } from '../../protocol/api/events.ts'
import type { StreamItem, StreamOptions } from '../../daemon/http/event-stream.ts'
import { sendEventStream } from '../../daemon/http/event-stream.ts'
import { PHOTOS } from './fake-folders.ts'
import type { RunningApi } from './running-api.ts'
import { readEvents, runApi, take, toAnswer } from './running-api.ts'

const withdrawn = (name: string): NewEvent => ({ kind: 'folder.withdrawn', folder: PHOTOS, name })
const namesOf = (events: readonly { data: Record<string, unknown> }[]): unknown[] =>
  events.map(({ data }) => data['name'] ?? data['kind'])

describe('the event stream', () => {
  it('sends each event under its id and its kind', async () => {
    await using api = await runApi()
    const response = await api.open({ path: '/events/stream' })
    api.service.events.publish(withdrawn('A'))
    const [event] = await take(readEvents(response), 1)
    assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8')
    assert.equal(event?.event, 'folder.withdrawn')
    assert.equal(event.id, api.service.events.lastId())
    assert.deepEqual(event.data, { id: event.id, atMs: 1_790_000_000_000, ...withdrawn('A') })
  })
  it('resumes after Last-Event-ID, without a gap and without a repetition', async () => {
    await using api = await runApi()
    const { events } = api.service
    const first = await api.open({ path: '/events/stream' })
    for (const name of ['A', 'B', 'C']) events.publish(withdrawn(name))
    const seen = await take(readEvents(first), 2)
    events.publish(withdrawn('D'))
    const headers = { 'last-event-id': seen.at(-1)?.id ?? '' }
    const second = await api.open({ path: '/events/stream', headers })
    assert.deepEqual(namesOf(seen), ['A', 'B'])
    assert.deepEqual(namesOf(await take(readEvents(second), 2)), ['C', 'D'])
  })
  it('resumes after an id in its address, which the header of a reconnect overrides', async () => {
    await using api = await runApi()
    const { events } = api.service
    const ids = ['A', 'B', 'C'].map((name) => {
      events.publish(withdrawn(name))
      return events.lastId()
    })
    const path = `/events/stream?after=${ids[0] ?? ''}`
    assert.deepEqual(namesOf(await take(readEvents(await api.open({ path })), 1)), ['B'])
    const headers = { 'last-event-id': ids[1] ?? '' }
    assert.deepEqual(namesOf(await take(readEvents(await api.open({ path, headers })), 1)), ['C'])
  })
  it('follows from the id of a status without missing what came between', async () => {
    await using api = await runApi()
    const { body } = await api.call({ path: '/status' })
    api.service.events.publish(withdrawn('A'))
    const response = await api.open({ path: `/events/stream?after=${String(body['eventId'])}` })
    assert.deepEqual(namesOf(await take(readEvents(response), 1)), ['A'])
  })
  it('says that events were lost when the id is of another run', async () => {
    await using api = await runApi()
    api.service.events.publish(withdrawn('A'))
    const response = await api.open({ path: '/events/stream', headers: { 'last-event-id': 'zzz-12' } })
    assert.deepEqual(namesOf(await take(readEvents(response), 2)), ['events.lost', 'A'])
  })
  it('names the id to resume from before anything has happened', async () => {
    await using api = await runApi()
    const response = await api.open({ path: '/events/stream' })
    const begin = (await once(response, 'data')).map(String).join('')
    assert.match(begin, new RegExp(`^retry: 1000\nid: ${api.service.events.lastId()}\n\n`))
    response.destroy()
  })
  it('has a JSON page for those who poll', async () => {
    await using api = await runApi()
    for (const name of ['A', 'B']) api.service.events.publish(withdrawn(name))
    const first = await api.call({ path: '/events?limit=1' })
    assert.match(first.text, /"name":"A"/)
    const second = await api.call({ path: `/events?after=${String(first.body['next'])}` })
    assert.match(second.text, /"name":"B".*"hasLost":false/)
    assert.doesNotMatch(second.text, /"name":"A"/)
  })
  it('tells no page of a pairing its code', async () => {
    await using api = await runApi()
    const started = await api.call({ method: 'POST', path: '/pairings' })
    const pairing = await api.service.pairing(String(started.body['id']))
    api.service.events.publish({ kind: 'pairing.changed', pairing })
    assert.doesNotMatch((await api.call({ path: '/events' })).text, /soldier/)
  })
  it('ends when the server stops, which does not wait for it', async () => {
    const api = await runApi()
    const response = await api.open({ path: '/events/stream' })
    const whole = text(response)
    await api[Symbol.asyncDispose]()
    // A connection that is cut instead of ended rejects here.
    assert.match(await whole, /^retry/)
  })
  it('is refused when 64 are open, and possible again when one has ended', async () => {
    await using api = await runApi()
    const open = await Promise.all(Array.from({ length: 64 }, () => api.open({ path: '/events/stream' })))
    assert.equal((await api.call({ path: '/logs/stream' })).body['code'], 'busy')
    open[0]?.destroy()
    const again = await untilOpen(api)
    for (const response of [...open, again]) response.destroy()
  })
})

/** The server hears of a client that has gone a moment later. */
async function untilOpen(api: RunningApi): Promise<Awaited<ReturnType<RunningApi['open']>>> {
  const deadline = performance.now() + 5000
  while (performance.now() < deadline) {
    const response = await api.open({ path: '/events/stream' })
    if (response.statusCode === 200) return response
    await toAnswer(response)
  }
  throw new Error('no stream became free')
}

describe('a stream onto a response', () => {
  it('sends a comment while nothing happens', async () => {
    await using served = await serve(waiting, { heartbeatMs: 5 })
    assert.match(await served.until(/: still here\n\n[^]*: still here\n\n/), /^HTTP\/1\.1 200/)
  })
  it('ends with the reason when its source fails', async () => {
    await using served = await serve(failing, {})
    assert.match(await served.until(/event: problem\ndata: .*"internal".*the well is dry/), /data: 1\n\n/)
    assert.match(String(await served.ended), /the well is dry/)
  })
  it('drops a reader that takes nothing, and asks its source for no more meanwhile', async () => {
    const given = { count: 0 }
    await using served = await serve(() => endless(given), { stallMs: 1000 })
    served.pause()
    const reason = await served.ended
    assert.equal(reason instanceof Error && 'code' in reason && reason.code, 'too-slow')
    const whenDropped = given.count
    assert.ok(whenDropped < 2000, `${whenDropped} items were taken for a reader that took none`)
    assert.match(await served.until(/event: problem\ndata: .*"too-slow".*Nothing was read/), /nextStep/)
    assert.equal(given.count, whenDropped)
  })
})

async function* waiting(signal: AbortSignal): AsyncIterable<StreamItem> {
  await once(signal, 'abort')
  yield { data: 'never read' }
}
async function* failing(): AsyncIterable<StreamItem> {
  yield { data: '1' }
  throw new Error('the well is dry')
}
async function* endless(given: { count: number }): AsyncIterable<StreamItem> {
  const data = JSON.stringify('x'.repeat(64 * 1024))
  for (;;) {
    given.count += 1
    yield { data }
  }
}

interface Served extends AsyncDisposable {
  /** What the stream ended with, undefined when well. */
  readonly ended: Promise<unknown>
  /** Stops reading until `until` is called. */
  pause(): void
  /** Everything that came, once it matches. */
  until(pattern: RegExp): Promise<string>
}

/** One stream on a bare server, and a client that reads as it is told. */
async function serve(
  source: (signal: AbortSignal) => AsyncIterable<StreamItem>,
  options: Partial<StreamOptions>,
): Promise<Served> {
  const { promise: ended, resolve } = Promise.withResolvers<unknown>()
  const server = createServer((_request, response) => {
    const gone = new AbortController()
    response.once('close', () => {
      gone.abort()
    })
    sendEventStream(response, source(gone.signal), { signal: gone.signal, ...options }).then(resolve, resolve)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  const deadline = setTimeout(() => client.destroy(), 8000)
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  return {
    ended,
    pause: () => void client.pause(),
    until: async (pattern) => {
      let all = ''
      for await (const piece of client) {
        all = (all + String(piece)).slice(-200_000)
        if (pattern.test(all)) return all
      }
      throw new Error(`the stream ended without ${pattern.source}: ${all.slice(-300)}`)
    },
    [Symbol.asyncDispose]: async () => {
      clearTimeout(deadline)
      client.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
