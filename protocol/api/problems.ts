/** Failures as RFC 9457 writes them, with Holt's code and what to do next. */

import { z } from 'zod'
import type { ProblemCode } from './problem-codes.ts'
import { PROBLEMS } from './problem-codes.ts'

export const zProblemCode = z.enum(Object.keys(PROBLEMS) as ProblemCode[])

const summary = {
  /** Stable: programs may switch on it. */
  code: zProblemCode,
  /** What happened, in general. */
  title: z.string(),
  /** What happened and why, this time. */
  detail: z.string(),
  /** What a person does next. */
  nextStep: z.string(),
}
/** A failure that is told inside of something else. */
export const zProblemSummary = z.object(summary)
export type ProblemSummary = z.infer<typeof zProblemSummary>

/** The body of every answer of status 400 and above, as `application/problem+json`. */
export const zProblem = z
  .object({
    type: z.string(),
    status: z.int().min(400).max(599),
    ...summary,
    /** Of `bad-request`: what was wrong where, such as `body.path`. */
    fields: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof zProblem>
