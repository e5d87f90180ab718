/** Commands for directories of this machine that are no folders of the group. */

import { COMPARISONS, CONFLICT_POLICIES, INITIAL_PREFERENCES, PAIR_MODES } from '../../protocol/pair-options.ts'
import type { Command } from '../command.ts'

export const PAIR_COMMANDS: readonly Command[] = [
  {
    name: ['sync'],
    group: 'directories',
    summary: 'Keep two directories of this machine the same',
    details: [
      'Brings both to a common state, and remembers it, so that the next run knows what was changed on which side. What each mode does, and when a conflict is one, is in docs/SEMANTICS.md. Whatever is overwritten or deleted is kept in `.holt/versions` of its side.',
      'Before a first run that would delete or overwrite something, where one side has far more files than the other, and before a mass deletion, the counts are shown and a person is asked; `--yes` agrees. Ctrl-C ends a run; the next goes on from there.',
      'The daemon does the work. Where none runs, one is started for the run and stopped after it.',
    ],
    operands: [
      { name: 'SOURCE', isRequired: true, description: 'a directory', completes: 'path' },
      { name: 'DESTINATION', isRequired: true, description: 'a directory that is apart from it', completes: 'path' },
    ],
    flags: [
      {
        name: 'mode',
        short: 'm',
        value: 'MODE',
        description: `${PAIR_MODES.join(', ')}; or tw, std, sb, dts, db (default: two-way)`,
        completes: PAIR_MODES,
      },
      {
        name: 'dry-run',
        short: 'n',
        description: 'Show what would be done, each with its reason; change nothing at all',
      },
      { name: 'watch', short: 'w', description: 'Go on with each change of either side, until Ctrl-C' },
      {
        name: 'initial',
        value: 'WHO',
        description: `Where the sides differ in the first run of two-way: ${INITIAL_PREFERENCES.join(', ')} (default: merge)`,
        completes: INITIAL_PREFERENCES,
      },
      {
        name: 'compare',
        value: 'HOW',
        description: `What tells that a file is the same: ${COMPARISONS.join(', ')} (default: hash)`,
        completes: COMPARISONS,
      },
      {
        name: 'on-conflict',
        value: 'POLICY',
        description: `What becomes of a conflict in two-way: ${CONFLICT_POLICIES.join(', ')} (default: keep-both)`,
        completes: CONFLICT_POLICIES,
      },
      {
        name: 'include',
        value: 'PATTERN',
        description: 'Sync only what fits; as in .holtignore, any number of times',
      },
      {
        name: 'exclude',
        value: 'PATTERN',
        description: 'Leave out what fits; as in .holtignore, any number of times',
      },
      { name: 'ignore-file', value: 'FILE', description: 'One more ignore file, read first', completes: 'path' },
      { name: 'force-upload', description: 'Send to the destination also what is the same' },
      { name: 'force-download', description: 'Bring to the source also what is the same' },
      { name: 'yes', short: 'y', description: 'Do not ask' },
    ],
    operations: ['syncPair', 'getDaemon', 'shutDown'],
    json: [{ form: 'lines', schema: 'PairEvent' }],
    exits: {
      failed: 'some paths could not be synced',
      needsAttention: 'a person has to agree first, or a conflict waits for one',
      interrupted: 'it was interrupted; the next run goes on from there',
    },
    daemon: 'none',
    load: async () => (await import('../commands/sync.ts')).runSync,
  },
]
