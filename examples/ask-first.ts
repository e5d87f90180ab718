/**
 * Makes a directory the mirror of another, but asks before more than so many files are deleted. Ctrl-C ends it; the next run
 * goes on from there.
 *
 *     node examples/ask-first.ts ~/Site /var/www/site 20
 */

import { syncPair } from 'holt'

const [source = '', destination = '', limit = '20'] = process.argv.slice(2)
const interrupt = new AbortController()
process.once('SIGINT', () => {
  interrupt.abort(new Error('interrupted'))
})
const result = await syncPair({
  source,
  destination,
  mode: 'sourceToDestination',
  confirm: (preview) => preview.destination.deleted <= Number(limit),
  signal: interrupt.signal,
})
console.log(
  result.state === 'halted' ? `Not done: ${result.halt?.sentence}` : `${result.deletesDestination} files deleted`,
)
