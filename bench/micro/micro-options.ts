/** Which parts are to be measured. */

import { parseArgs } from 'node:util'

export type MicroAsked =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  /** A sentence for the person who asked. */
  | { readonly kind: 'wrong'; readonly sentence: string }

/** @param known every part */
export function parseMicroOptions(words: readonly string[], known: readonly string[]): MicroAsked {
  const sentence = (what: string): MicroAsked => ({
    kind: 'wrong',
    sentence: `${what} Known is --only NAME, with one of ${known.join(', ')}.`,
  })
  try {
    const { only } = parseArgs({ args: [...words], options: { only: { type: 'string' } } }).values
    if (only === undefined) return { kind: 'names', names: known }
    return known.includes(only) ? { kind: 'names', names: [only] } : sentence(`--only ${only} names no part.`)
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    return sentence(`${cause.message.split('. ')[0] ?? ''}.`)
  }
}
