/** Listing a folder in threads, several directories a message. */

import type { DirPath } from '../../protocol/path.ts'
import type { AbortOptions, DirectoryListing } from '../ports.ts'
import type { DiskContext } from './context.ts'
import type { Threads } from '../threads-port.ts'
import { inBatches, inFlight } from './in-flight.ts'
import type { ListJob } from './thread-jobs.ts'

/** Directories that one message asks for: enough that it pays, few enough that all threads get some. */
const BATCH_DIRECTORIES = 8

/** Where cloud drives keep files that are not there; on Linux a file without blocks is a sparse one. */
const HAS_PLACEHOLDERS = process.platform === 'darwin' || process.platform === 'win32'

/** Told of each directory before it is listed, so that no change after the listing goes unseen. */
export interface Watching {
  add(directory: DirPath): void
}

export async function* scanDirectories(
  context: DiskContext,
  threads: Threads,
  directories: Iterable<DirPath>,
  watching: Watching,
  { signal }: AbortOptions,
): AsyncIterable<DirectoryListing> {
  const { root, names, traits } = context
  const list = async (batch: readonly DirPath[]): Promise<readonly DirectoryListing[]> => {
    for (const directory of batch) watching.add(directory)
    const toList = batch.map((directory) => ({ directory, onDisk: names.onDisk(directory) }))
    const job: ListJob = {
      kind: 'list',
      root,
      holdsExecutableBit: traits.executableBit,
      hasPlaceholders: HAS_PLACEHOLDERS,
      directories: toList,
    }
    const listed = await threads.run(job, { signal })
    for (const { listing, differing } of listed) names.setDirectory(listing.directory, differing)
    return listed.map(({ listing }) => listing)
  }
  const batches = inBatches(directories, { count: BATCH_DIRECTORIES })
  for await (const listings of inFlight(batches, threads.parallel, signal, list)) yield* listings
}
