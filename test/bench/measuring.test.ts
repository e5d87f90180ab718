/** What the benchmark reads of other programs, and the data that it makes. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { bytesOfRsync } from '../../bench/contenders/one-shots.ts'
import { rotated } from '../../bench/run.ts'
import { checkSame, listFiles, looksThere } from '../../bench/same.ts'
import { listMixed } from '../../bench/sets/mixed.ts'
import { makeSet } from '../../bench/sets/make-set.ts'
import { parseSs } from '../../bench/wire.ts'

const place = mkdtempSync(join(tmpdir(), 'holt-bench-test-'))
after(() => rmSync(place, { recursive: true, force: true }))

describe('the data of the benchmark', () => {
  it('are the same for the same seed, and others for another', () => {
    const [a, b, c] = [1, 1, 2].map((seed, i) => {
      const directory = join(place, `photos-${i}`)
      makeSet('photos', { seed, isQuick: true }).write(directory)
      return listFiles(directory).map((path) => [path, readFileSync(join(directory, path)).toString('base64')])
    })
    assert.deepEqual(a, b)
    assert.notDeepEqual(a, c)
    assert.equal(a?.length, makeSet('photos', { seed: 1, isQuick: true }).files)
  })

  it('have copies for a tenth of the bytes and of the files of `mixed`, whatever the seed', () => {
    for (const seed of [1, 2, 99]) {
      const files = listMixed({ seed, isQuick: false })
      const copies = files.filter(({ copyOf }) => copyOf !== null)
      const sum = (list: typeof files): number => list.reduce((total, { bytes }) => total + bytes, 0)
      assert.equal(copies.length, 200)
      assert.ok(Math.abs(sum(copies) / sum(files) - 0.1) < 0.001, String(seed))
      for (const { copyOf, bytes } of copies) assert.equal(files.find(({ path }) => path === copyOf)?.bytes, bytes)
    }
  })

  it('are photos that begin and end as JPEG says, with EXIF, and no marker in the scan', () => {
    const path = listFiles(join(place, 'photos-0'))[0] ?? ''
    const bytes = readFileSync(join(place, 'photos-0', path))
    assert.equal(bytes.subarray(0, 4).toString('hex'), 'ffd8ffe1')
    assert.equal(bytes.subarray(6, 12).toString('latin1'), 'Exif\0\0')
    const scan = bytes.subarray(bytes.indexOf(Buffer.from('ffda', 'hex')) + 2)
    assert.equal(scan.indexOf(0xff), scan.length - 2)
    assert.equal(scan.at(-1), 0xd9)
  })
})

describe('what the benchmark looks at', () => {
  it('is the bytes that each end of a connection has sent, as ss says it', () => {
    const line = (local: string, remote: string, sent: string): string =>
      `ESTAB 0 0 ${local} ${remote} cubic wscale:7,7 rto:201 bytes_sent:${sent} bytes_acked:1 bytes_received:5`
    const text = `${line('127.0.0.1:1', '127.0.0.1:2', '77')}\nLISTEN 0 128 0.0.0.0:1 0.0.0.0:*\n\n`
    assert.deepEqual(parseSs(text), [
      ['127.0.0.1:1>127.0.0.1:2', 77],
      ['0.0.0.0:1>0.0.0.0:*', 0],
    ])
  })

  it('is both directions of what rsync says', () => {
    assert.equal(bytesOfRsync('Total bytes sent: 1,234,567\nTotal bytes received: 33\n'), 1_234_600)
    assert.equal(bytesOfRsync('nothing of it'), undefined)
  })

  it('is whether both sides have the same bytes, the same names and the same times', () => {
    const [here, there] = [mkdtempSync(join(place, 'h')), mkdtempSync(join(place, 't'))]
    const write = (directory: string, text: string, seconds: number): void => {
      writeFileSync(join(directory, 'f'), text)
      utimesSync(join(directory, 'f'), seconds, seconds)
    }
    const check = (): void => checkSame(here, there, 1, 'X')
    const looks = (): boolean => looksThere(here, there, { files: 1, present: ['f'], absent: ['g'] })
    write(here, 'one', 1000)
    assert.throws(check, /^Error: X did not make both sides the same: Only in /)
    assert.equal(looks(), false)
    write(there, 'two', 1000)
    assert.throws(check, /differ/)
    write(there, 'one', 1002)
    assert.throws(check, /X did not keep the time of f$/)
    assert.equal(looks(), false)
    write(there, 'one', 1000)
    check()
    assert.equal(looks(), true)
    assert.throws(() => checkSame(here, there, 2, 'X'), /brought 1 of 2 files/)
    writeFileSync(join(there, 'g'), '')
    assert.equal(looks(), false)
  })

  it('has each program first once', () => {
    assert.deepEqual(
      [0, 1, 3].map((by) => rotated(['a', 'b', 'c'], by).join('')),
      ['abc', 'bca', 'abc'],
    )
  })
})
