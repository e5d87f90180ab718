/** `holt scan` on a real daemon: when it comes back, everything was seen. */

import assert from 'node:assert/strict'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT } from '../../protocol/api/constants.ts'
import type { EventPage } from '../../protocol/api/events.ts'
import type { Scan } from '../../protocol/api/folders.ts'
import { Device } from './device.ts'

describe('a scan on request', () => {
  it('comes back when all was seen, and is refused where nothing is looked at', async () => {
    await using ada = new Device('ada')
    const root = join(ada.files, 'Photos')
    mkdirSync(root)
    await ada.start()
    await ada.mustHolt('add', root)
    for (const name of ['a', 'b', 'c']) writeFileSync(join(root, name), name)
    const scan = JSON.parse(await ada.mustHolt('scan', 'Photos', '--json')) as Scan
    assert.deepEqual([scan.name, scan.files, scan.problems], ['Photos', 3, 0])
    assert.match(await ada.mustHolt('scan'), /^Photos: 3 files looked at in .*, nothing changed\n$/)
    const { events } = (await ada.ask('/events')) as EventPage
    const done = events.filter(({ kind }) => kind === 'scan.done')
    const began = events.filter((event) => event.kind === 'scan.start' && event.isFull)
    assert.ok(done.length >= 3 && began.length >= 3)
    assert.equal(
      done.some((event) => event.kind === 'scan.done' && event.changed === 3),
      true,
    )

    await ada.mustHolt('folder', 'pause', 'Photos')
    const paused = await ada.holt('scan', 'Photos')
    assert.equal(paused.status, EXIT.refused)
    assert.match(paused.stderr, /"Photos" is paused[^]*holt folder resume Photos/)
    await ada.mustHolt('folder', 'resume', 'Photos')

    renameSync(root, `${root}-elsewhere`)
    const halted = await ada.holt('scan', 'Photos')
    assert.equal(halted.status, EXIT.refused)
    assert.match(halted.stderr, /"Photos" has halted\. /)
    assert.equal((await ada.holt('scan')).status, EXIT.needsAttention)
  })
})
