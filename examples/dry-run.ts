/**
 * Shows what a sync of two directories would do, each change with its reason, and changes nothing.
 *
 *     node examples/dry-run.ts ~/Documents /mnt/stick/Documents
 */

import { syncPair } from 'holt'

const [source = '', destination = ''] = process.argv.slice(2)
const { plan, halt } = await syncPair({ source, destination, mode: 'two-way', dryRun: true })
for (const { side, action, path, reason } of plan) console.log(`${side}: ${action} ${path}. ${reason.sentence}`)
if (halt !== null) console.log(`A person would be asked first: ${halt.sentence}`)
