/** Where a daemon keeps its state and its socket, as the daemon and its clients both work it out from the environment. */

export interface HomeQuestion {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** As `process.platform` says it. */
  readonly platform: string
  /** The person's home directory. */
  readonly homeDirectory: string
}

/**
 * `HOLT_HOME`, or `holt` in the operating system's directory for a user's data. May be relative to the working directory,
 * and has `/` between its last parts on every system: give it to `resolve` of `node:path`.
 */
export function homePathFor({ environment, platform, homeDirectory }: HomeQuestion): string {
  const given = environment['HOLT_HOME']
  if (given !== undefined && given !== '') return given
  return `${dataDirectory({ environment, platform, homeDirectory })}/holt`
}

/** Where a socket goes whose path would be too long inside of the home: a directory that only this user can write to. */
export function runtimeDirFor(environment: HomeQuestion['environment'], temporaryDirectory: string): string {
  const given = environment['XDG_RUNTIME_DIR']
  return given?.startsWith('/') === true ? given : temporaryDirectory
}

function dataDirectory({ environment, platform, homeDirectory }: HomeQuestion): string {
  if (platform === 'darwin') return `${homeDirectory}/Library/Application Support`
  if (platform === 'win32') return environment['LOCALAPPDATA'] ?? `${homeDirectory}/AppData/Local`
  const given = environment['XDG_DATA_HOME']
  // The XDG specification: a relative path is invalid and to be ignored.
  return given?.startsWith('/') === true ? given : `${homeDirectory}/.local/share`
}

/** In the home, while a daemon has it: its process id, for people and scripts. */
export const PID_FILE = 'daemon.pid'

/** In the home, once it is there: programs as the machine has compiled them, so that the next start is quick. Never needed. */
export const COMPILED_DIRECTORY = 'compiled'

/** Names of everything that a daemon makes in its home: only these may be removed with it. */
export const HOME_ENTRIES: readonly RegExp[] = [
  /^(config\.toml|daemon\.pid|daemon\.lock(-journal)?)$/,
  /^(compiled|log|run|state|pairs)$/,
  /^catalogue\.db(-wal|-shm|-journal|\.corrupt)?$/,
]
