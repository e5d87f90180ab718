/**
 * A program that answers as a daemon does, over a fake engine. `FAKE_DAEMON` makes it `fail` at once, or
 * `slow`: it says in the home which process it is, and begins a second later. It does not outlive the
 * test whose process id is `FAKE_DAEMON_OWNER`, however that ended.
 */

import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { socketPathFor } from '../../protocol/api/socket-path.ts'
import { startHttp } from '../../daemon/http/server.ts'
import { createFakeService } from '../http/fake-service.ts'

const home = process.env['HOLT_HOME'] ?? ''
const fake = createFakeService()
const LOOK_MS = 500
const SLOW_MS = 1000
const ended = Promise.withResolvers<undefined>()

if (process.env['FAKE_DAEMON'] === 'fail') {
  process.stderr.write('/h/config.toml, line 3: there is no option "lisen". Did you mean "listen"?\n')
  process.exitCode = 2
} else {
  // Before anybody can be answered: who was answered may send one at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      ended.resolve(undefined)
    })
  }
  const look = setInterval(() => {
    if (!isOwned(Number(process.env['FAKE_DAEMON_OWNER']))) ended.resolve(undefined)
  }, LOOK_MS)
  if (process.env['FAKE_DAEMON'] === 'slow') {
    writeFileSync(join(home, 'slow.pid'), String(process.pid))
    await setTimeout(SLOW_MS)
  }
  process.stdout.write('the daemon speaks\n')
  await using server = await startHttp({
    service: {
      ...fake,
      daemon: async () => ({ ...(await fake.daemon()), pid: process.pid, home }),
      shutDown: async () => {
        ended.resolve(undefined)
      },
    },
    token: '5a'.repeat(32),
    socketPath: socketPathFor({ home, runtimeDir: tmpdir(), platform: process.platform }),
    tcp: 'off',
    log: { event: () => undefined },
  })
  await ended.promise
  clearInterval(look)
  process.stdout.write(`stopped ${server.socketPath}\n`)
}

function isOwned(owner: number): boolean {
  try {
    return process.kill(owner, 0)
  } catch {
    return false
  }
}
