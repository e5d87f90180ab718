/** Why a command ends without success: a sentence, what to do next, and the exit status. */

import type { ExitStatus } from '../protocol/api/constants.ts'
import { EXIT } from '../protocol/api/constants.ts'
import type { ProblemCode } from '../protocol/api/problem-codes.ts'

/** What a socket says when the other end lets go of it. */
export const CUT_OFF: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE'])

interface CliErrorOptions extends ErrorOptions {
  /** What a person does next: a sentence. */
  readonly nextStep?: string | undefined
  /** Of a problem that the daemon answered with. */
  readonly problem?: ProblemCode | undefined
}

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: ExitStatus
  readonly nextStep: string | undefined
  readonly problem: ProblemCode | undefined

  constructor(code: ExitStatus, message: string, options: CliErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.nextStep = options.nextStep
    this.problem = options.problem
  }
}

export function notRunning(cause?: unknown): CliError {
  return new CliError(EXIT.daemonNotRunning, 'Holt is not running on this device.', {
    nextStep: 'Start it: holt start',
    cause,
  })
}

export function usageError(message: string, nextStep?: string): CliError {
  return new CliError(EXIT.usage, message, { nextStep })
}

/** The daemon took the connection and ended it without an answer: it is stopping, or was killed. */
export function cutOff(cause: Error): CliError {
  const nextStep = 'See whether it still runs: holt status'
  return new CliError(EXIT.failed, 'The daemon ended the connection.', { nextStep, cause })
}

export function isCutOff(error: unknown): boolean {
  if (!(error instanceof CliError) || !(error.cause instanceof Error)) return false
  return 'code' in error.cause && CUT_OFF.has(String(error.cause.code))
}

/** Whether the daemon refused with that code. */
export function isProblem(error: unknown, ...codes: readonly ProblemCode[]): error is CliError {
  return error instanceof CliError && error.problem !== undefined && codes.includes(error.problem)
}
