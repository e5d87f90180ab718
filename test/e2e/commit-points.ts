/**
 * The points at which a daemon makes something durable, or moves something that a person can see: the one list of them. A process
 * is killed at each (`killed-at-commit-points.test.ts`); `kill-at.ts` knows them by the calls that a daemon makes at them, so that
 * nothing of this is in the daemon.
 */

export const COMMIT_POINTS = {
  // The catalogue.
  'edits recorded': 'what was observed on the disk is committed as own entries',
  'segments recorded': 'own entries are sealed, and the transaction with them is durable',
  'entries of another recorded': 'a segment of another device is applied, in one transaction',
  'intents recorded': 'what a batch is about to do is durable, before it begins',
  'rows recorded': 'the base is moved to what a batch has done, and its intents are gone',
  // Bytes on their way.
  'chunk written': 'a part has a verified chunk more',
  'part synced': 'all bytes of a part are on the disk',
  'blob written': 'a small blob is written, and not synced yet',
  'blob synced': 'a blob that is about to be placed is on the disk',
  'blob whole': 'a blob gets the name under which it counts as whole',
  // The folder.
  'versions log written': 'the lines of what will be kept are appended',
  'old moved to versions': 'what stood at a path is in the versions, and the path is empty',
  'new in place': 'the new file stands at its path, and is in the store, too',
  'part unlinked': 'the new file is no longer in the store',
  'attributes set': 'a file has its time and its executable bit',
  'file renamed': 'a file has another path',
  'directory made': 'a new directory is there',
  'directory removed': 'an empty directory is gone',
  'directory synced': 'the names in a directory survive a power cut',
  'versions log synced': 'the lines of what was kept survive a power cut',
  // Small files of the daemon's own.
  'head saved': 'the own head is in a file of its own, before it leaves',
  'settings saved': 'which folder is held where',
  'group log saved': 'an operation of the group is in the log',
} as const

export type CommitPoint = keyof typeof COMMIT_POINTS
