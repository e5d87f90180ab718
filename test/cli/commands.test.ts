/** The commands as a whole: routes, the page that describes them, and how little each of them loads. */

import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { COMMANDS, findCommand } from '../../cli/commands.ts'
import { flagsOf, nameOf } from '../../cli/command.ts'
import { findHome } from '../../cli/home.ts'
import { ROUTES } from '../../protocol/api/routes.ts'
import { JSON_SHAPES } from '../../scripts/json-shapes.ts'
import { renderCliPage } from '../../scripts/cli-page.ts'
import { resolveHome } from '../../daemon/config.ts'
import { openFakeHome } from './fake-home.ts'

describe('every command', () => {
  it('uses operations that the API has, and every operation is used or is part of one that is', () => {
    const used = new Set(COMMANDS.flatMap(({ operations }) => operations))
    for (const id of used) assert.ok(Object.hasOwn(ROUTES, id), id)
    // `followPairing` begins with what `getPairing` answers.
    const unused = Object.keys(ROUTES).filter((id) => !used.has(id as never) && id !== 'getPairing')
    assert.deepEqual(unused, [])
  })

  it('is found by its name, has code, and a summary that reads as one', async () => {
    for (const command of COMMANDS) {
      const name = nameOf(command)
      assert.equal(findCommand([...command.name, 'x'])?.command, command, `${name} is hidden by another one`)
      assert.equal(typeof (await command.load()), 'function', name)
      assert.match(command.summary, /^[A-Z].*[^.]$/, name)
    }
  })

  it('has no two flags that are written alike, and no value that is required behind one that is not', () => {
    for (const command of COMMANDS) {
      const written = flagsOf(command).flatMap(({ name, short }) => [name, ...(short === undefined ? [] : [short])])
      assert.equal(new Set(written).size, written.length, nameOf(command))
      const required = (command.operands ?? []).map(({ isRequired }) => isRequired)
      assert.deepEqual(
        required,
        [...required].sort((a, b) => Number(b) - Number(a)),
        nameOf(command),
      )
    }
  })

  it('that only reads has --json of a documented shape', () => {
    for (const command of COMMANDS) {
      const isBinary = nameOf(command) === 'support-bundle'
      if (command.daemon === 'running' && !isBinary) assert.ok((command.json ?? []).length > 0, nameOf(command))
      for (const { schema } of command.json ?? []) assert.ok(Object.hasOwn(JSON_SHAPES, schema), schema)
    }
  })

  it('starts the daemon if and only if it changes something', () => {
    for (const command of COMMANDS) {
      const changes = command.operations.some((id) => ROUTES[id].method !== 'GET')
      if (command.daemon === 'running') assert.ok(!changes, nameOf(command))
      if (command.daemon === 'started') assert.ok(changes && command.operations.includes('getDaemon'), nameOf(command))
    }
  })
})

describe('docs/CLI.md', () => {
  it('is what npm run docs makes of the commands', async () => {
    const page = await readFile(new URL('../../docs/CLI.md', import.meta.url), 'utf8')
    assert.equal(page, renderCliPage(), 'run: npm run docs')
  })
})

describe('the start of a command', () => {
  it('loads no schema library, no server and no prompt, and no code of other commands', async () => {
    const trace = new URL('loaded-modules.ts', import.meta.url).href
    const environment = { NODE_OPTIONS: `--import=${trace}` }
    await using home = await openFakeHome()
    for (const [line, commands] of [
      ['status', ['status']],
      ['folder pause Photos', ['folder']],
    ] as const) {
      const ran = await home.run(line.split(' '), { environment })
      const loaded = ran.stderr.split('\n').flatMap((text) => (text.startsWith('loaded ') ? [text.slice(7)] : []))
      assert.ok(
        loaded.some((url) => url.endsWith('/cli/main.ts')),
        ran.stderr,
      )
      const heavy = /node_modules\/(zod|fastify|libp2p|@libp2p|better-sqlite3|@clack|cli-progress|uqr|@noble|@scure)\//
      assert.deepEqual(
        loaded.filter((url) => heavy.test(url) || url.includes('/daemon/')),
        [],
      )
      const own = loaded.flatMap((url) => /\/cli\/commands\/([a-z-]+)\.ts$/.exec(url)?.[1] ?? [])
      assert.ok(
        own.every((name) => (commands as readonly string[]).includes(name)),
        own.join(),
      )
      assert.ok(loaded.length < 84, `${loaded.length} modules for holt ${line}`)
    }
  })

  it('needs no schema library anywhere in the command line', async () => {
    const directory = new URL('../../cli/', import.meta.url)
    for (const name of await readdir(directory, { recursive: true })) {
      if (!name.endsWith('.ts')) continue
      const text = await readFile(new URL(name, directory), 'utf8')
      const values = text.matchAll(/^import (?!type)[^\n]*protocol\/api\/([a-z-]+)\.ts'/gm)
      for (const [, file = ''] of values) {
        assert.match(
          file,
          /^(constants|heap-flags|home-path|problem-codes|routes|socket-path)$/,
          `${name} imports values of ${file}.ts`,
        )
      }
    }
  })
})

describe('the home', () => {
  it('is the same to the command line as to the daemon', () => {
    const environments = [
      {},
      { HOLT_HOME: '/srv/h/' },
      { HOLT_HOME: 'here' },
      { XDG_DATA_HOME: '/x' },
      { LOCALAPPDATA: '/l' },
    ]
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      for (const environment of environments) {
        const machine = { platform, homeDirectory: homedir(), hostName: 'x' }
        const world = {
          ...machine,
          environment,
          workingDirectory: resolve('.'),
          temporaryDirectory: tmpdir(),
        }
        assert.equal(findHome(world).path, resolveHome(environment, machine), JSON.stringify([platform, environment]))
      }
    }
  })
})
