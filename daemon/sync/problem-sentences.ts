/** Why a path does not follow, in words: what happened, and what to do next. */

import type { Unholdable } from '../core/holdable.ts'
import type { ApplyFault, BlockReason } from '../ports.ts'

export function blockSentence(reason: BlockReason): string {
  switch (reason) {
    case 'bad-name':
      return 'Its name cannot be written in UTF-8, or is not allowed on other systems. Rename it to have it synced.'
    case 'name-clash':
      return 'Two names here are one name after Unicode normalisation. Rename one of them.'
    case 'special-file':
      return 'It is a device, socket or pipe; those are not synced.'
    case 'unreadable':
      return 'This user may not read it. Change its permissions to have it synced.'
    case 'placeholder':
      return 'It is a placeholder of a cloud drive without content. Download it there first.'
  }
}

export function unholdableSentence(fault: Unholdable): string {
  switch (fault.code) {
    case 'name-impossible':
      return 'This disk cannot hold such a name: it ends in a dot or a space, is a device of Windows, or has one of < > : " | ? *. Rename it on another device.'
    case 'case-clash':
      return `This disk does not tell upper and lower case apart, and ${fault.by} is there. Rename one of them on another device.`
    case 'no-links':
      return 'This disk holds no symbolic links. The other devices keep it.'
    case 'link-away':
      return 'The link leads out of the folder. `holt folder set --links any` allows such links in it.'
  }
}

export const LEFT_OUT_SENTENCE =
  'This device leaves it out, and it is still on its disk: it was edited here, or no other device has it. Include it to have it synced, or remove it.'

/** @param reason the system's words */
export function unreadableProblem(reason: string): { readonly code: string; readonly sentence: string } {
  if (/^(EBUSY|ETXTBSY)\b/.test(reason)) return { code: 'locked', sentence: faultSentence('locked', reason) }
  return { code: 'unreadable', sentence: unreadableSentence(reason) }
}

function unreadableSentence(reason: string): string {
  if (/^(EACCES|EPERM)\b/.test(reason)) return blockSentence('unreadable')
  return `It cannot be read (${reason}). It is tried again; check the disk if it stays.`
}

export function faultSentence(fault: ApplyFault, message: string): string {
  switch (fault) {
    case 'in-the-way':
      return 'Here is a directory of that name with files in it that are not synced. Move them away; it goes on by itself.'
    case 'no-space':
      return 'The disk is full. Free some space; it goes on by itself.'
    case 'read-only':
      return 'The disk is read-only. Mount it for writing; it goes on by itself.'
    case 'denied':
      return `This user may not write there (${message}). Change the permissions; it goes on by itself.`
    case 'name-impossible':
      return 'This disk cannot hold such a name. Rename it on another device.'
    case 'locked':
      return 'Another program holds it open. Close it there; it is tried again.'
    case 'io':
      return `The disk reports an error (${message}). It is tried again; check the disk if it stays.`
  }
}
