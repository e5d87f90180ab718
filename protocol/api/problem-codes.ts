/**
 * Every way in which a request may fail, by its stable code: the HTTP status, a title, what to do next unless the
 * problem says better, and the exit status of a command that meets it. No schema library.
 */

import type { ExitStatus } from './constants.ts'
import { EXIT } from './constants.ts'

export interface ProblemKind {
  readonly status: number
  readonly title: string
  readonly nextStep: string
  readonly exit: ExitStatus
}

const kind = (status: number, exit: ExitStatus, title: string, nextStep: string): ProblemKind => ({
  status,
  title,
  nextStep,
  exit,
})

export const PROBLEMS = {
  // The request itself.
  'bad-request': kind(
    400,
    EXIT.usage,
    'The request is not understood',
    'Correct the field that is named and send it again.',
  ),
  unauthorized: kind(
    401,
    EXIT.refused,
    'A token is needed',
    'Send "Authorization: Bearer TOKEN" with the token that `holt api` prints.',
  ),
  'cross-site': kind(
    403,
    EXIT.refused,
    'Web pages may not use this API',
    'Use `holt` or a script instead of a page of another site.',
  ),
  'not-found': kind(404, EXIT.notFound, 'There is no such operation', 'See /api/v1/openapi.json for what there is.'),
  'body-too-large': kind(413, EXIT.usage, 'The request is too large', 'Send less.'),
  'not-json': kind(415, EXIT.usage, 'The body is not JSON', 'Send "Content-Type: application/json".'),
  'wrong-host': kind(
    421,
    EXIT.refused,
    'The request is meant for another host',
    'Use 127.0.0.1 or localhost in the address.',
  ),
  busy: kind(503, EXIT.failed, 'Too many streams are open', 'Close one of them and try again.'),
  'too-slow': kind(
    503,
    EXIT.failed,
    'The stream was read too slowly',
    'Connect again with the last id that arrived, and read faster.',
  ),
  starting: kind(503, EXIT.failed, 'The daemon is still starting', 'Try again in a moment.'),
  stopping: kind(503, EXIT.failed, 'The daemon is stopping', 'Run `holt start`, then try again.'),
  internal: kind(
    500,
    EXIT.failed,
    'Something went wrong in the daemon',
    'See `holt logs`; `holt support-bundle` collects what a helper needs.',
  ),

  // Naming things.
  'folder-not-found': kind(404, EXIT.notFound, 'There is no such folder', 'Run `holt folders` to see which there are.'),
  'device-not-found': kind(404, EXIT.notFound, 'There is no such device', 'Run `holt devices` to see which there are.'),
  'pairing-not-found': kind(404, EXIT.notFound, 'There is no such pairing', 'Run `holt pair` to begin another.'),
  'ambiguous-name': kind(409, EXIT.usage, 'More than one has this name', 'Use the id instead of the name.'),
  'bad-name': kind(422, EXIT.usage, 'This is no usable name', 'Choose another name.'),

  // Directories.
  'not-in-folder': kind(
    404,
    EXIT.notFound,
    'The path lies in no folder of this device',
    'Name a path inside a folder; `holt folders` shows where they are.',
  ),
  'path-not-found': kind(
    404,
    EXIT.notFound,
    'The directory does not exist',
    'Check the path, or create the directory first.',
  ),
  'not-a-directory': kind(422, EXIT.usage, 'The path is not a directory', 'Name a directory.'),
  'parent-missing': kind(
    422,
    EXIT.notFound,
    'The directory above it does not exist',
    'Create it first, or name another path.',
  ),
  'root-overlap': kind(
    409,
    EXIT.refused,
    'Another folder lies there',
    'Choose a directory that is neither inside another folder nor around one.',
  ),
  'root-private': kind(
    409,
    EXIT.refused,
    "Holt's own data lies there",
    'Choose a directory that neither contains it nor lies in it.',
  ),
  'root-marked': kind(409, EXIT.refused, 'The directory already belongs to a folder', 'Choose another directory.'),
  'root-unmarked': kind(
    409,
    EXIT.refused,
    'The directory is not the one that was moved',
    'Name the directory that the folder was moved to.',
  ),
  'root-read-only': kind(
    422,
    EXIT.refused,
    'The directory cannot be written to',
    'Make it writable, or choose another one.',
  ),
  'root-denied': kind(
    422,
    EXIT.refused,
    'The daemon may not use the directory',
    'Change its permissions, or choose another one.',
  ),
  'no-space': kind(
    507,
    EXIT.refused,
    'There is not enough space',
    'Free some space, or choose a directory on another disk.',
  ),
  'storage-failed': kind(500, EXIT.failed, 'The disk answered with an error', 'Check the disk, then try again.'),

  // Pairs of directories.
  'ends-overlap': kind(
    409,
    EXIT.usage,
    'The two directories are not apart',
    'Name two directories of which neither lies in the other.',
  ),
  'pair-busy': kind(409, EXIT.refused, 'Another run of this pair is under way', 'Wait for it to end, or stop it.'),
  'no-hashes': kind(
    422,
    EXIT.usage,
    'A side cannot tell the hashes of its files',
    'Choose another comparison, such as `--compare size+mtime`.',
  ),

  // Folders.
  'name-offered': kind(
    409,
    EXIT.refused,
    'The group already has a folder of this name',
    'Use `--join` to keep that one here, or `--new` to make another.',
  ),
  'name-taken': kind(
    409,
    EXIT.refused,
    'This device already has a folder of this name',
    'Choose another name with `--name`.',
  ),
  'confirm-needed': kind(
    409,
    EXIT.refused,
    'The directory is not empty',
    'Look at the counts, then confirm with `--yes`.',
  ),
  'local-changes': kind(
    409,
    EXIT.refused,
    'What was changed only here would be sent',
    'Run `holt revert` first, or confirm with `--yes`.',
  ),
  'folder-paused': kind(409, EXIT.refused, 'The folder is paused', 'Run `holt folder resume` first.'),
  'folder-halted': kind(409, EXIT.refused, 'The folder is halted', 'End the halt first; `holt status` says how.'),
  'wrong-mode': kind(409, EXIT.refused, 'The mode of the folder does not allow it', 'See `holt folder set`.'),
  'no-conflict': kind(404, EXIT.notFound, 'There is no conflict', 'Run `holt conflicts` to see which there are.'),
  'already-held': kind(
    409,
    EXIT.refused,
    'The folder is already on this device',
    'Run `holt status` to see how it stands.',
  ),
  'not-held': kind(409, EXIT.refused, 'The folder is not on this device', 'Run `holt accept` first.'),
  'not-halted': kind(409, EXIT.refused, 'The folder is not halted', 'Nothing needs to be done.'),
  'too-many-folders': kind(409, EXIT.refused, 'The group has as many folders as it may have', 'Remove one first.'),

  // Kept versions.
  'nothing-kept': kind(
    404,
    EXIT.notFound,
    'Nothing is kept of that',
    'See `holt versions PATH`, and `holt undo --list`, on each device that has the folder.',
  ),
  'step-not-found': kind(404, EXIT.notFound, 'There is no such step', 'Run `holt undo --list` to see which there are.'),
  'kept-elsewhere': kind(
    409,
    EXIT.refused,
    'Another device keeps it',
    'Run the command there, or without --to: then it comes back on every device.',
  ),
  'target-exists': kind(409, EXIT.refused, 'Something is there already', 'Name another path, or add --overwrite.'),
  'folder-not-ready': kind(
    409,
    EXIT.refused,
    'The folder cannot be changed now',
    'Run `holt status` to see how it stands, then try again.',
  ),

  // The group.
  'not-allowed': kind(403, EXIT.refused, 'This device may not do that in its group', 'Do it on an admin device.'),
  'senior-device': kind(
    403,
    EXIT.refused,
    'The device is senior to this one',
    'Remove it from a device that was in the group before it, or with the recovery words.',
  ),
  'is-this-device': kind(
    409,
    EXIT.refused,
    'That is this very device',
    'Run `holt leave` to take this device out of the group.',
  ),
  'is-other-device': kind(
    409,
    EXIT.refused,
    'Only the device itself may change that',
    'Run the command on that device.',
  ),
  'last-admin': kind(
    409,
    EXIT.refused,
    'The group would have no admin left',
    'Run `holt device role NAME admin` for another device first.',
  ),

  // The recovery words.
  'socket-only': kind(403, EXIT.refused, 'This is not to be had over TCP', 'Use the `holt` command on this device.'),
  'bad-words': kind(422, EXIT.usage, 'These are no recovery words', 'Compare them with what was written down.'),
  'wrong-words': kind(
    403,
    EXIT.refused,
    'The words are of another group',
    'Look for the words that were written down for this group.',
  ),
  'words-elsewhere': kind(
    404,
    EXIT.notFound,
    'The recovery words are not on this device',
    'They are on the device that founded the group, until they were written down there.',
  ),
  'words-forgotten': kind(
    410,
    EXIT.refused,
    'The recovery words are no longer kept',
    'They are where they were written down. If that is lost, found another group: run `holt leave` on each device and pair them anew.',
  ),
  'words-unseen': kind(409, EXIT.refused, 'Nobody has seen the recovery words yet', 'Run `holt recovery show` first.'),
  'no-group-log': kind(
    404,
    EXIT.notFound,
    'There is no copy of the group log',
    'Connect a disk that was a folder of the group and name it, or pair with a device that is still in the group.',
  ),
  'already-alone': kind(409, EXIT.refused, 'There is no other device in the group', 'Nothing needs to be done.'),
  'too-many-devices': kind(409, EXIT.refused, 'The group has as many devices as it may have', 'Remove one first.'),
  'update-needed': kind(409, EXIT.refused, 'Another device uses a newer version', 'Update Holt on this device.'),

  // Pairing.
  'bad-code': kind(422, EXIT.usage, 'This is not a pairing code', 'Check the words and type the code again.'),
  'both-in-groups': kind(
    409,
    EXIT.refused,
    'Both devices are already in groups',
    'Run `holt leave` first, on one of them.',
  ),
  'already-paired': kind(409, EXIT.refused, 'The devices are already in one group', 'Nothing needs to be done.'),
  'pairing-busy': kind(409, EXIT.refused, 'A pairing is already under way', 'Wait for it to end, or cancel it.'),
  'pairing-closed': kind(
    429,
    EXIT.refused,
    'Pairing is closed after too many wrong codes',
    'Run `holt pair` again on the device that shows the code.',
  ),
  'pairing-ended': kind(410, EXIT.failed, 'The pairing has ended', 'Run `holt pair` to begin another.'),
  'nothing-to-choose': kind(
    409,
    EXIT.usage,
    'The pairing does not ask which device is meant',
    'Look at its state first.',
  ),
  'wrong-code': kind(403, EXIT.refused, 'The code is wrong', 'Check the words and type the code again.'),
  'code-expired': kind(410, EXIT.failed, 'The code has expired', 'Run `holt pair` to get another.'),
  'no-inviter': kind(
    404,
    EXIT.notFound,
    'No device shows this code',
    'Check that both are on one network, or name its address with `--address`.',
  ),
  'peer-unreachable': kind(
    502,
    EXIT.failed,
    'The other device cannot be reached',
    'Check that it runs and is on the same network, then try again.',
  ),
  'peer-broke-off': kind(502, EXIT.failed, 'The other device broke off', 'Try again.'),
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof PROBLEMS

/** Whether a text from elsewhere is a code that this version knows. */
export function isProblemCode(value: string): value is ProblemCode {
  return Object.hasOwn(PROBLEMS, value)
}

/** A problem's type, which RFC 9457 wants as a URI. */
export function problemType(code: ProblemCode): string {
  return `urn:holt:problem:${code}`
}
