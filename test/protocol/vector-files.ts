/** Reads the files of test/vectors. */

import { readFileSync } from 'node:fs'
import { hex } from '@scure/base'
import { z } from 'zod'

/** Bytes that a vector writes in hex. */
export const zHex = z.string().transform((text) => hex.decode(text))
/** Bytes that are refused, why, and with which code. */
export const zRefused = z.object({ why: z.string(), hex: zHex, code: z.string() })

/** The vectors of a file, by its name without `.json`. */
export function vectorsOf<T extends z.ZodType>(name: string, shape: T): z.infer<T> {
  return shape.parse(JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')))
}
