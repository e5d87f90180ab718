/** Pairing as a person sees it, on either side. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { text } from 'node:stream/consumers'
import { EXIT } from '../../protocol/api/constants.ts'
import type { Pairing, PairingState } from '../../protocol/api/pairing.ts'
import { parseGroupId } from '../../protocol/ids.ts'
import { createCode, formatCode } from '../../protocol/pairing.ts'
import type { FakeService } from '../http/fake-service.ts'
import { OTHER, SELF } from '../http/fake-service.ts'
import type { FakeHome } from './fake-home.ts'
import { firstWords, openFakeHome, spawnHolt } from './fake-home.ts'
import { runInside, say } from './lent-world.ts'

const CODE = formatCode(createCode((length) => new Uint8Array(length).fill(7)))
const WITH = { device: OTHER, name: 'ada-desktop', platform: 'linux', group: parseGroupId('ab'.repeat(32)), devices: 2 }
const PAIRED: PairingState = {
  kind: 'paired',
  with: { ...WITH, guest: { isSelf: false, role: 'admin' }, offered: ['My Videos'] },
}

/** What a run is asked to do, once it is followed: each state in its turn. */
async function opened(...then: Partial<Pairing>[]): Promise<FakeHome & { over: string[] }> {
  const over: string[] = []
  const home = await openFakeHome((fake: FakeService) => ({
    followPairing: async function* (id, { signal }) {
      const first = await fake.pairing(id)
      yield first
      for (const next of then) yield { ...first, ...next }
      if (then.length > 0) return
      while (!signal.aborted) await once(signal, 'abort')
    },
    cancelPairing: async (id) => {
      over.push(id)
      return await fake.cancelPairing(id)
    },
  }))
  return { ...home, over }
}

describe('holt pair, on the device that shows the code', () => {
  it('has the code as the first line on stdout at once, also in a pipe, and burns it on Ctrl-C', async () => {
    await using home = await opened()
    const child = spawnHolt(home.path, ['pair'])
    const rest = text(child.stderr)
    assert.equal(await firstWords(child), '7-soldier-wet-jelly\n')
    child.kill('SIGINT')
    await once(child, 'exit')
    assert.equal(child.exitCode, EXIT.interrupted)
    assert.match(await rest, /holt pair and type this code[^]*The code is burnt\.\n$/)
    assert.deepEqual(home.over, ['p1'])
  })

  it('names the other device and what it offers, and ends with 0', async () => {
    await using home = await opened({ state: { kind: 'talking', device: OTHER } }, { state: PAIRED })
    const ran = await home.run(['pair'])
    assert.equal(ran.status, EXIT.ok)
    assert.equal(ran.stdout, '7-soldier-wet-jelly\nPaired with ada-desktop (linux). The group has 2 devices now.\n')
    assert.match(ran.stderr, /Found the other device[^]*holt accept 'My Videos'\n$/)
    assert.deepEqual(home.over, [])
  })

  it('ends with 1 when the code expires', async () => {
    await using home = await opened({ state: { kind: 'expired' } })
    const ran = await say(home, ['pair'])
    assert.equal(ran.status, EXIT.failed)
    assert.match(ran.stderr, /The code has expired\.\nFor another one, run: holt pair\n$/)
  })

  it('says when a wrong code was typed, and passes on what the daemon says of a long wait', async () => {
    await using home = await opened(
      { attemptsLeft: 2, hint: 'Is it on the same network?' },
      { attemptsLeft: 2, state: PAIRED },
    )
    const ran = await say(home, ['pair'])
    assert.match(ran.stderr, /Is it on the same network\?\nA wrong code was typed; 2 attempts left\.\n/)
  })

  it('says what may be wrong when nobody comes', async () => {
    await using home = await opened()
    const inside = runInside(home, ['pair'], { hintAfterMs: 1 })
    await inside.sees('stderr', /No device has come yet\. .*holt pair --address HOST/)
    inside.interrupt()
    assert.equal((await inside.ended).status, EXIT.interrupted)
  })

  it('draws the code as a QR code below it', async () => {
    await using home = await opened({ state: PAIRED })
    const { stdout } = await say(home, ['pair', '--qr'])
    assert.match(stdout, /^7-soldier-wet-jelly\n[█▀▄ \n]{300,}\nPaired with/)
  })

  it('takes the code of the other device on a terminal meanwhile, and burns its own', async () => {
    await using home = await opened()
    const inside = runInside(home, ['pair'], { isTty: true })
    await inside.sees('stderr', /Or type the code/)
    inside.type('7 soldier wett jelly\n')
    await inside.sees('stderr', /"wett" is not a word of a code\. Did you mean "wet"\?/)
    inside.type(`${CODE}\n`)
    await inside.sees('stderr', /Looking for the device that shows the code/)
    assert.deepEqual(home.over, ['p1'])
    inside.interrupt()
    assert.equal((await inside.ended).status, EXIT.interrupted)
  })
})

describe('holt pair, on the device that types the code', () => {
  it('catches a mistyped word before anything is dialled, with the nearest word', async () => {
    await using home = await opened()
    const ran = await say(home, ['pair', '7-soldier-wet-jely'])
    assert.equal(ran.status, EXIT.usage)
    assert.match(ran.stderr, /"jely" is not a word of a code\. Did you mean "jelly"\?/)
    assert.deepEqual(home.asked, ['getDaemon'])
  })

  it('warns that an argument can be seen, and hands on the address', async () => {
    let asked: unknown
    await using home = await openFakeHome((fake) => ({
      joinPairing: async (request) => {
        asked = request
        return await fake.joinPairing(request)
      },
      followPairing: async function* (id) {
        yield { ...(await fake.pairing(id)), state: PAIRED }
      },
    }))
    const ran = await home.run(['pair', CODE.replaceAll('-', ' '), '--address', 'desk.local:14658'])
    assert.equal(ran.status, EXIT.ok)
    assert.match(ran.stderr, /^Other users of this machine can see a code/)
    assert.match(ran.stdout, /^Paired with ada-desktop/)
    assert.deepEqual(asked, { code: CODE, address: 'desk.local:14658', guestRole: 'admin' })
  })

  it('reads the code from stdin with --join', async () => {
    await using home = await opened({ state: PAIRED })
    const ran = await home.run(['pair', '--join'], { stdin: `\n${CODE}\n` })
    assert.equal(ran.status, EXIT.ok, ran.stderr)
    assert.match(ran.stdout, /^Paired with/)
    const none = await home.run(['pair', '--join'])
    assert.equal(none.status, EXIT.usage)
    assert.match(none.stderr, /No code was given/)
  })

  it('asks again until it is a code, on a terminal', async () => {
    await using home = await opened({ state: PAIRED })
    const inside = runInside(home, ['pair', '--join'], { isTty: true })
    await inside.sees('stderr', /Type the code that the other device shows:/)
    inside.type('hello\n')
    await inside.sees('stderr', /A code is a number and three words.*Try again:/)
    inside.type(`${CODE}\n`)
    assert.equal((await inside.ended).status, EXIT.ok)
  })

  it('ends with the status of what went wrong, and says what to do', async () => {
    const problem = {
      title: '',
      detail: 'This device is in group X with Y.',
      nextStep: 'Run `holt leave` first, on one of them.',
    }
    await using home = await opened({ state: { kind: 'failed', problem: { ...problem, code: 'both-in-groups' } } })
    const ran = await say(home, ['pair', CODE])
    assert.equal(ran.status, EXIT.refused)
    assert.match(ran.stderr, /in group X with Y\. \[both-in-groups\]\nRun `holt leave` first, on one of them\.\n$/)
  })

  it('asks which of several devices is meant, and refuses where nobody can be asked', async () => {
    const inviters = [
      { device: OTHER, addresses: ['/ip4/10.0.0.1/tcp/14658'] },
      { device: SELF, addresses: ['/ip4/10.0.0.2/tcp/14658'] },
    ]
    await using home = await opened({ state: { kind: 'choosing', inviters } }, { state: PAIRED })
    const refused = await say(home, ['pair', CODE])
    assert.equal(refused.status, EXIT.refused)
    assert.match(
      refused.stderr,
      /10\.0\.0\.1:14658 and 10\.0\.0\.2:14658\.\nName the one that is meant: holt pair --address/,
    )
    assert.deepEqual(home.over, ['p1'])
    const inside = runInside(home, ['pair', CODE], { isTty: true })
    await inside.sees('stderr', /10\.0\.0\.2:14658/)
    inside.type('\r')
    assert.equal((await inside.ended).status, EXIT.ok)
    assert.ok(home.asked.includes('chooseInviter'))
  })
})
