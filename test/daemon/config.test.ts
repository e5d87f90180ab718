/** The configuration: where it is read from, what it refuses, and how it says so. */

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { UNLIMITED, parseRateLimit } from '../../protocol/rate-limit.ts'
import { ConfigError } from '../../daemon/config-error.ts'
import type { ConfigErrorCode } from '../../daemon/config-error.ts'
import { OPTIONS, OPTION_NAMES } from '../../daemon/config-options.ts'
import { renderConfigFile, renderConfigPage } from '../../daemon/config-page.ts'
import { parseConfigText, parseEnvironment, readConfig, resolveHome, toConfig } from '../../daemon/config.ts'
import type { Environment, Machine } from '../../daemon/config.ts'
import { API_PORT_DEFAULT, LISTEN_PORT_DEFAULT } from '../../protocol/api/constants.ts'
import { nearestName } from '../../protocol/nearest-name.ts'

const MACHINE: Machine = { platform: 'linux', homeDirectory: '/home/ana', hostName: 'anvil' }
const parse = (text: string) => parseConfigText(text, '/h/config.toml')

function refuses(code: ConfigErrorCode, ...words: readonly RegExp[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.code, code)
    for (const word of words) assert.match(error.message, word)
    return true
  }
}

describe('a configuration', () => {
  it('is complete without a file and without an environment', () => {
    const config = toConfig('/h', {}, {}, MACHINE)
    assert.equal(config.deviceName, 'anvil')
    assert.deepEqual(config.listen, { host: '0.0.0.0', port: LISTEN_PORT_DEFAULT })
    assert.deepEqual(config.apiListen, { kind: 'tcp', host: '127.0.0.1', port: API_PORT_DEFAULT })
    assert.deepEqual([config.versionsDays, config.versionsPercent], [30, 10])
    assert.deepEqual(config.explicit, new Set())
  })

  it('takes the file over the default and the environment over the file', () => {
    const fromFile = parse('listen = 4000\nrescan-minutes = 5')
    const config = toConfig('/h', fromFile, parseEnvironment({ HOLT_LISTEN: '127.0.0.1:5000' }), MACHINE)
    assert.deepEqual(config.listen, { host: '127.0.0.1', port: 5000 })
    assert.equal(config.rescanMinutes, 5)
    assert.deepEqual(config.explicit, new Set(['listen', 'rescanMinutes']))
  })

  it('reads every option from the environment as it prints it', () => {
    const environment: Environment = {
      ...{ HOLT_DEVICE_NAME: 'Küche', HOLT_LISTEN: '[::1]:0', HOLT_API_LISTEN: 'off', HOLT_DISCOVERY: 'false' },
      ...{ HOLT_STATIC_ADDRESSES: 'nas.local, 10.0.0.7:4000', HOLT_RESCAN_MINUTES: '1', HOLT_VERSIONS_DAYS: '2' },
      ...{
        HOLT_VERSIONS_PERCENT: '3',
        HOLT_SCRUB_DAYS: '0',
        HOLT_SCRUB_MEGABYTES: '8',
        HOLT_SEND_LIMIT: '2M; 08:00-18:00 mon-fri 500K',
        HOLT_RECEIVE_LIMIT: 'none',
        HOLT_LOG_LEVEL: 'debug',
        HOLT_LOG_MEGABYTES: '4',
        HOLT_LOG_FILES: '6',
      },
    }
    const values = parseEnvironment(environment)
    assert.deepEqual(values, {
      ...{ deviceName: 'Küche', listen: { host: '::1', port: 0 }, apiListen: { kind: 'off' }, discovery: false },
      ...{ staticAddresses: ['nas.local', '10.0.0.7:4000'], rescanMinutes: 1, versionsDays: 2 },
      ...{ versionsPercent: 3, scrubDays: 0, scrubMegabytes: 8 },
      ...{ sendLimit: parseRateLimit(['2M', '08:00-18:00 mon-fri 500K']), receiveLimit: UNLIMITED },
      ...{ logLevel: 'debug', logMegabytes: 4, logFiles: 6 },
    })
    assert.deepEqual(Object.keys(values), [...OPTION_NAMES])
  })

  it('leaves out an environment variable that is empty', () => {
    assert.deepEqual(parseEnvironment({ HOLT_LISTEN: '' }), {})
  })

  it('calls a machine without a usable name "device"', () => {
    assert.equal(toConfig('/h', {}, {}, { ...MACHINE, hostName: '\u202e' }).deviceName, 'device')
  })
})

describe('a config file', () => {
  it('that is no TOML is refused with its line', () => {
    assert.throws(
      () => parse('rescan-minutes = 5\nlisten = = 3\n'),
      refuses('config-corrupt', /^\/h\/config.toml, line 2: /),
    )
  })

  it('with an unknown key names the nearest one', () => {
    assert.throws(() => parse('# a\n\nlisen = 1'), refuses('config-unknown-key', /line 3/, /"lisen"/, /"listen"\?/))
    assert.throws(() => parse('[network]\n'), refuses('config-unknown-key', /line 1/, /docs\/CONFIG\.md/))
  })

  it('with a value that its option cannot take says what it takes', () => {
    const bad: readonly [string, RegExp][] = [
      ['rescan-minutes = 0', /from 1 to 10080, not 0\./],
      ['rescan-minutes = 1.5', /whole number of minutes/],
      ['rescan-minutes = "5"', /not "5"/],
      ['discovery = "yes"', /true or false/],
      ['listen = 70000', /0 \(any free one\) to 65535/],
      ['listen = "host"', /HOST:PORT/],
      ['device-name = ""', /1 to 128 bytes/],
      ['device-name = "a\\u202eb"', /control characters/],
      ['log-level = "loud"', /"normal" or "debug"/],
      ['static-addresses = ["a b"]', /a list of/],
      ['static-addresses = "a"', /a list of/],
      ['send-limit = 500', /such as "500K" or "2M"/],
      ['receive-limit = ["1M", "2M"]', /also with times and days/],
    ]
    for (const [text, words] of bad) assert.throws(() => parse(text), refuses('config-bad-value', /, line 1: /, words))
  })

  it('cannot open the API to other machines', () => {
    for (const address of ['0.0.0.0:4000', '192.168.1.2:1', '[::]:1', 'example.org:1', '127.0.0.1.example.org:1']) {
      assert.throws(() => parse(`api-listen = "${address}"`), refuses('config-bad-value', /127\.0\.0\.1/))
    }
    assert.deepEqual(parse('api-listen = "[::1]:9"').apiListen, { kind: 'tcp', host: '::1', port: 9 })
  })

  it('is written on the first start, readable by its owner only, with nothing but comments', async (t) => {
    const home = await temporaryDirectory(t)
    await readConfig(home, {}, MACHINE)
    const file = join(home, 'config.toml')
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const text = await readFile(file, 'utf8')
    assert.equal(text, renderConfigFile())
    assert.deepEqual(parse(text), {})
  })

  it('takes each of its own defaults when the comment signs are taken off', () => {
    const text = renderConfigFile().replace(/^# (?=[a-z-]+ = )/gm, '')
    const values = parse(text)
    assert.deepEqual(Object.keys(values), [...OPTION_NAMES])
    assert.deepEqual(
      { ...values, deviceName: null },
      Object.fromEntries(OPTION_NAMES.map((name) => [name, OPTIONS[name].default])),
    )
  })

  it('that a person wrote is left as it is', async (t) => {
    const home = await temporaryDirectory(t)
    await writeFile(join(home, 'config.toml'), 'versions-days = 7')
    assert.equal((await readConfig(home, {}, MACHINE)).versionsDays, 7)
    assert.equal(await readFile(join(home, 'config.toml'), 'utf8'), 'versions-days = 7')
  })

  it('that is not UTF-8, or no file, is refused with what to do', async (t) => {
    const home = await temporaryDirectory(t)
    await writeFile(join(home, 'config.toml'), Buffer.from([0x23, 0xff]))
    await assert.rejects(readConfig(home, {}, MACHINE), refuses('config-corrupt', /UTF-8/))
    await rm(join(home, 'config.toml'))
    await assert.rejects(readConfig(join(home, 'none'), {}, MACHINE), refuses('config-unreadable', /cannot be written/))
  })

  it('has a bad environment variable blamed on the variable', () => {
    assert.throws(
      () => parseEnvironment({ HOLT_LISTEN: 'x:y' }),
      refuses('environment-bad-value', /^the environment variable HOLT_LISTEN: listen must be/),
    )
  })
})

describe('the data directory', () => {
  const cases: readonly [string, NodeJS.Platform, Environment, string][] = [
    ['follows HOLT_HOME', 'linux', { HOLT_HOME: '/srv/holt', XDG_DATA_HOME: '/x' }, '/srv/holt'],
    ['lies in XDG_DATA_HOME on Linux', 'linux', { XDG_DATA_HOME: '/x' }, '/x/holt'],
    ['ignores a relative XDG_DATA_HOME', 'linux', { XDG_DATA_HOME: 'x' }, '/home/ana/.local/share/holt'],
    ['lies in Application Support on macOS', 'darwin', {}, '/home/ana/Library/Application Support/holt'],
    ['lies in LOCALAPPDATA on Windows', 'win32', { LOCALAPPDATA: '/l' }, '/l/holt'],
  ]
  for (const [fact, platform, environment, expected] of cases) {
    it(fact, () => assert.equal(resolveHome(environment, { ...MACHINE, platform }), expected))
  }

  it('is absolute even when HOLT_HOME is not', () => {
    assert.equal(resolveHome({ HOLT_HOME: 'here' }, MACHINE), join(process.cwd(), 'here'))
  })
})

describe('docs/CONFIG.md', () => {
  it('is what npm run docs makes of the options', async () => {
    const page = await readFile(new URL('../../docs/CONFIG.md', import.meta.url), 'utf8')
    assert.equal(page, renderConfigPage(), 'run: npm run docs')
  })
})

describe('the nearest name', () => {
  it('is the one with the fewest slips, or none when nothing is near', () => {
    const known = ['listen', 'api-listen', 'discovery']
    assert.equal(nearestName('lsiten', known), 'listen')
    assert.equal(nearestName('apilisten', known), 'api-listen')
    assert.equal(nearestName('discover', known), 'discovery')
    assert.equal(nearestName('colour', known), undefined)
  })
})

async function temporaryDirectory(t: { after(f: () => Promise<void>): void }): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'holt-config-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}
