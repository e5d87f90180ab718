/** rsync, Unison and rclone, as a person would type them. */

import type { OneShot } from './one-shot.ts'

const RSYNC_WORDS = ['-a', '--delete', '--no-whole-file', '--stats']

function rsync(program: 'rsync' | 'rsync --fsync', words: readonly string[]): OneShot {
  return {
    program,
    // Between two local directories it would copy files whole; over a network, which this stands for, it does not.
    typed: ({ here, there }) => ({ command: 'rsync', words: [...RSYNC_WORDS, ...words, `${here}/`, `${there}/`] }),
    wireBytes: bytesOfRsync,
  }
}

/** Both directions, from what `--stats` says. */
export function bytesOfRsync(said: string): number | undefined {
  const found = ['sent', 'received'].map((way) => new RegExp(`Total bytes ${way}: ([\\d,]+)`).exec(said)?.[1])
  return found.every((each) => each !== undefined)
    ? found.reduce((sum, each) => sum + Number(each.replaceAll(',', '')), 0)
    : undefined
}

const unison: OneShot = {
  program: 'Unison',
  typed: ({ here, there, home }) => ({
    command: 'unison',
    words: [here, there, '-batch', '-auto', '-times', '-ui', 'text', '-confirmbigdel=false'],
    environment: { UNISON: home },
  }),
}

const rclone: OneShot = {
  program: 'rclone',
  typed: ({ here, there, home }) => ({
    command: 'rclone',
    words: ['sync', here, there, '--config', `${home}/rclone.conf`, '--quiet'],
  }),
}

export const ONE_SHOTS: readonly OneShot[] = [rsync('rsync', []), rsync('rsync --fsync', ['--fsync']), unison, rclone]
