/**
 * Backs a directory up to another: what is new or edited goes there, what is deleted stays there.
 *
 *     node examples/backup.ts ~/Photos /mnt/disk/Photos
 */

import { syncPair } from 'holt'

const [source = '', destination = ''] = process.argv.slice(2)
const result = await syncPair({
  source,
  destination,
  mode: 'sourceBackup',
  exclude: ['*.tmp', 'node_modules/'],
  confirm: true,
  onProgress: (event) => {
    if (event.kind === 'transfer.file-done') console.log(`${event.path} (${event.total.bytesDone} bytes so far)`)
  },
})
console.log(`${result.uploads} files backed up, ${result.errors} problems`)
for (const { path, reason } of result.problems) console.log(`${path}: ${reason.sentence}`)
