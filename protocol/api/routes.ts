/** Every operation of the local HTTP API and where it is found. No schema library: a command line loads this to build its requests. */

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
/** What answers: one JSON value, server-sent events, or one JSON value a line. */
export type Answer = 'json' | 'event-stream' | 'ndjson'

export interface Route {
  readonly method: Method
  /** Below `API_PREFIX`, with parameters in braces. */
  readonly path: string
  readonly answer: Answer
  /** `socket`: not to be had over TCP, with whatever token. */
  readonly door?: 'socket'
  /** What it does, for the OpenAPI document. */
  readonly summary: string
}

const json = (method: Method, path: string, summary: string) => ({ method, path, answer: 'json', summary }) as const
/** What carries the recovery words: refused over TCP, whoever asks. */
const onSocket = (method: Method, path: string, summary: string) =>
  ({ method, path, answer: 'json', door: 'socket', summary: `${summary}; only over the unix socket` }) as const
const stream = (path: string, summary: string) => ({ method: 'GET', path, answer: 'event-stream', summary }) as const

/** Operation ids and their routes. */
export const ROUTES = {
  getApi: json('GET', '/api', 'Where the API listens, and the token for scripts'),
  getDaemon: json('GET', '/daemon', 'The running daemon: version, device, addresses'),
  shutDown: json('POST', '/daemon/shutdown', 'Stop the daemon; answers before it has stopped'),
  getStatus: json('GET', '/status', 'Everything at a glance: devices, folders, transfers, what needs attention'),
  getConfig: json('GET', '/config', 'The settings in force, each with where it comes from'),
  runDoctor: json('GET', '/doctor', 'Check this device and its network, each finding with its fix'),
  listLogs: json('GET', '/logs', 'The newest records of the log'),
  followLogs: stream('/logs/stream', 'The newest records of the log, then each new one'),
  getSupportBundle: {
    method: 'GET',
    path: '/support-bundle',
    answer: 'ndjson',
    summary: 'What a person who helps needs to see, without secrets and file names: one part a line',
  },

  getLimits: json('GET', '/limits', 'How fast bytes of files may go out and come in'),
  changeLimits: json(
    'PATCH',
    '/limits',
    'Limit how fast bytes of files go out and come in, of one device or of all together',
  ),

  listDevices: json('GET', '/devices', 'The devices of the group'),
  getDevice: json('GET', '/devices/{device}', 'One device, by id or by a name that only it has'),
  renameDevice: json('PATCH', '/devices/{device}', 'Give this device another name'),
  removeDevice: json('DELETE', '/devices/{device}', 'Remove a device from the group'),
  setDeviceRole: json('POST', '/devices/{device}/role', 'Make a device an admin or a member'),
  removeDeviceWithWords: onSocket(
    'POST',
    '/devices/{device}/remove-with-words',
    'Remove any device from the group, with the recovery words',
  ),
  leaveGroup: json('POST', '/group/leave', 'Leave the group, keeping all files'),

  getRecovery: json('GET', '/recovery', 'What became of the recovery words of the group'),
  showRecovery: onSocket('POST', '/recovery/show', 'The recovery words, while they are kept here'),
  forgetRecovery: onSocket(
    'POST',
    '/recovery/forget',
    'Forget the recovery words, once they were shown and written down',
  ),
  useRecovery: onSocket('POST', '/recovery/use', 'Be an admin of the group again, with the recovery words'),

  listFolders: json('GET', '/folders', 'The folders that are held here or offered by the group'),
  getFolder: json('GET', '/folders/{folder}', 'One folder, by id or by a name that only it has'),
  addFolder: json('POST', '/folders', 'Share a directory with the group'),
  previewFolder: json('POST', '/folders/{folder}/preview', 'What accepting a folder into a directory would do'),
  acceptFolder: json('POST', '/folders/{folder}/accept', 'Keep a folder that the group offers'),
  changeFolder: json(
    'PATCH',
    '/folders/{folder}',
    'Change what this device does with a folder, or how conflicts are settled',
  ),
  pauseFolder: json('POST', '/folders/{folder}/pause', 'Stop syncing a folder for now'),
  resumeFolder: json('POST', '/folders/{folder}/resume', 'Sync a paused folder again'),
  scanFolder: json(
    'POST',
    '/folders/{folder}/scan',
    'Look through a folder now; answers when a look that began after the request is over',
  ),
  moveFolder: json('POST', '/folders/{folder}/move', 'Say where the directory of a folder was moved to'),
  removeFolder: json(
    'DELETE',
    '/folders/{folder}',
    'Stop keeping a folder here, or withdraw it everywhere; files stay',
  ),
  approveFolder: json('POST', '/folders/{folder}/approve', 'Let a halted folder do what it halted for'),
  rejectFolder: json(
    'POST',
    '/folders/{folder}/reject',
    'Refuse what a folder halted for, and restore what it would delete',
  ),
  listEntries: json('GET', '/folders/{folder}/entries', 'What a folder contains, each path with its state'),
  explainPath: json('GET', '/why', 'The story of one path: why it is as it is, and what it waits for'),
  overrideFolder: json('POST', '/folders/{folder}/override', 'Make the others as this device is, which only sends'),
  revertFolder: json(
    'POST',
    '/folders/{folder}/revert',
    'Give up what was changed on this device, which only receives',
  ),
  listConflicts: json('GET', '/conflicts', 'Conflicts that wait for a person, with their contents'),
  resolveConflict: json('POST', '/conflicts/resolve', 'Choose what a file in conflict is to be, on all devices'),

  getVerification: json('GET', '/verification', 'What was read again of what is held, and what is damaged'),
  startVerify: json('POST', '/verification', 'Read again what is held, and fetch what is damaged if asked to'),
  listVersions: json('GET', '/versions', 'What is kept of a path that was replaced or deleted'),
  restoreVersions: json('POST', '/versions/restore', 'Bring back what a path held, or what lay below it'),
  listUndoSteps: json('GET', '/undo', 'What was taken away of late, each in one step that can be taken back'),
  undo: json('POST', '/undo', 'Take a step back: what it deleted or replaced is as it was before'),

  startPairing: json('POST', '/pairings', 'Show a code that another device may join with'),
  joinPairing: json('POST', '/pairings/join', 'Join the device that shows a code'),
  getPairing: json('GET', '/pairings/{pairing}', 'How a pairing stands'),
  followPairing: stream('/pairings/{pairing}/stream', 'How a pairing stands, then each change until it has ended'),
  chooseInviter: json('POST', '/pairings/{pairing}/choose', 'Say which of several devices with one nameplate is meant'),
  cancelPairing: json('DELETE', '/pairings/{pairing}', 'End a pairing; its code is burnt'),

  syncPair: {
    method: 'POST',
    path: '/pairs/sync',
    answer: 'ndjson',
    summary: 'Keep two directories of this device the same: what happens, one event a line; ends when the client goes',
  },

  listEvents: json('GET', '/events', 'Events after an id, oldest first'),
  followEvents: stream('/events/stream', 'Events as they happen; resumes after Last-Event-ID'),
} as const satisfies Record<string, Route>

export type OperationId = keyof typeof ROUTES

/** The same as a list, for those who walk them all. */
export function listRoutes(): { readonly operationId: string; readonly method: Method; readonly path: string }[] {
  return Object.entries(ROUTES).map(([operationId, { method, path }]) => ({ operationId, method, path }))
}
