/** What every `StateFiles` keeps to. The one on the disk and the simulated one both run this. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { StateFiles } from '../../daemon/ports.ts'

export interface OpenedState extends AsyncDisposable {
  readonly state: StateFiles
  /** Another program opens the same files, as after a restart. */
  reopen(): Promise<StateFiles>
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** @param open New files. The suite disposes them. */
export function describeStateFiles(name: string, open: () => Promise<OpenedState>): void {
  describe(`StateFiles: ${name}`, () => {
    const context: { current?: OpenedState } = {}
    const opened = (): OpenedState => {
      assert.ok(context.current)
      return context.current
    }
    const write = (file: string, text: string): Promise<void> => opened().state.write(file, bytesOf(text))
    const read = async (file: string): Promise<string | undefined> => {
      const bytes = await opened().state.read(file)
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
    }
    beforeEach(async () => void (context.current = await open()))
    afterEach(() => opened()[Symbol.asyncDispose]())

    it('reads nothing where nothing was written', async () => {
      assert.equal(await read('identity'), undefined)
      assert.equal(await read('folders/a.json'), undefined)
      assert.deepEqual(await opened().state.list(''), [])
    })

    it('reads what was written, by this program and the next', async () => {
      await write('identity', 'secret')
      await write('folders/a.json', '{}')
      assert.deepEqual([await read('identity'), await read('folders/a.json')], ['secret', '{}'])
      const next = await opened().reopen()
      assert.deepEqual(await next.read('folders/a.json'), bytesOf('{}'))
    })

    it('replaces a file whole, by a shorter one and by an empty one too', async () => {
      await write('head', 'something long')
      await write('head', 'short')
      assert.equal(await read('head'), 'short')
      await write('head', '')
      assert.equal(await read('head'), '')
    })

    it('keeps the last of several writes that were not waited for', async () => {
      const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`)
      await Promise.all(texts.map((text) => write('head', text)))
      assert.equal(await read('head'), 'text 19')
      assert.deepEqual(await opened().state.list(''), ['head'])
    })

    it('does not care what becomes of the bytes afterwards', async () => {
      const bytes = bytesOf('mine')
      const writing = opened().state.write('head', bytes)
      bytes.fill(0)
      await writing
      assert.equal(await read('head'), 'mine')
    })

    it('removes a file, and is content when none is there', async () => {
      await write('folders/a', 'x')
      await opened().state.remove('folders/a')
      await opened().state.remove('folders/a')
      await opened().state.remove('elsewhere/a')
      assert.equal(await read('folders/a'), undefined)
      assert.deepEqual(await opened().state.list(''), [])
    })

    it('lists the names that begin with a prefix, sorted', async () => {
      for (const file of ['folders/b', 'heads/a', 'folders/a', 'folders-old', 'identity']) await write(file, file)
      assert.deepEqual(await opened().state.list('folders/'), ['folders/a', 'folders/b'])
      assert.deepEqual(await opened().state.list('f'), ['folders-old', 'folders/a', 'folders/b'])
      assert.deepEqual(await opened().state.list('nothing'), [])
    })
  })
}
