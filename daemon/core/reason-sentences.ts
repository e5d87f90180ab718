/** Every reason of a verdict as a sentence for people: the one place where they are worded. */

import type { ReasonCode } from './resolve.ts'

const SENTENCES: Readonly<Record<ReasonCode, string>> = {
  'up-to-date': 'What this device says of it is the newest that is known; there is nothing to do.',
  'newer-elsewhere': 'Another device changed it later, knowing what is here: this device follows.',
  'same-content': 'Several devices changed it to the same content: nothing is transferred, their histories are joined.',
  conflict:
    'It was changed on several devices that did not know of each other; the winner has the name, nothing is lost.',
  'needed-as-directory': 'Something lives below it, so it is a directory.',
  'conflict-copy': 'It lost a conflict, and is kept beside the other.',
  'conflict-waits': 'Devices have different contents of it, and a person is to choose: each keeps its own until then.',
  'send-only': 'Others changed it, and this device only sends: it keeps what it has.',
  'local-change': 'It was changed on this device, which only receives: that goes no further.',
  archived: 'It was deleted elsewhere, and this device is an archive: it keeps what was there.',
  reverted: 'A person gave up what was changed on this device: it becomes what the others have.',
  chosen: 'A person chose what it is to be.',
  damaged: 'The bytes on this disk are bad although nothing wrote to them: they are fetched again.',
  'left-out': 'This device leaves it out: it is neither fetched nor deleted anywhere else.',
  'waits-for-directory': 'What lies above it is no directory yet: it waits for a device that may settle that.',
}

export function reasonSentence(code: ReasonCode): string {
  return SENTENCES[code]
}

/** Whether a text, such as one of the versions log, is the code of a reason. */
export function isReasonCode(text: string): text is ReasonCode {
  return Object.hasOwn(SENTENCES, text)
}
