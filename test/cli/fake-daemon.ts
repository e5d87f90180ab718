/**
 * A program that answers as a daemon does, over a fake engine. `FAKE_DAEMON` makes it `fail` at once, or `stubborn`: it does
 * not stop when it is asked to.
 */

import { tmpdir } from 'node:os'
import { socketPathFor } from '../../protocol/api/socket-path.ts'
import { startHttp } from '../../daemon/http/server.ts'
import { createFakeService } from '../http/fake-service.ts'

const home = process.env['HOLT_HOME'] ?? ''
const fake = createFakeService()
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
  process.stdout.write('the daemon speaks\n')
  await using server = await startHttp({
    service: {
      ...fake,
      daemon: async () => ({ ...(await fake.daemon()), pid: process.pid, home }),
      shutDown: async () => {
        if (process.env['FAKE_DAEMON'] !== 'stubborn') ended.resolve(undefined)
      },
    },
    token: '5a'.repeat(32),
    socketPath: socketPathFor({ home, runtimeDir: tmpdir(), platform: process.platform }),
    tcp: 'off',
    log: { event: () => undefined },
  })
  await ended.promise
  process.stdout.write(`stopped ${server.socketPath}\n`)
}
