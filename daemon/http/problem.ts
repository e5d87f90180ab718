/** Errors as `application/problem+json` (RFC 9457). */

import type { ServerResponse } from 'node:http'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { ProblemCode, ProblemKind } from '../../protocol/api/problem-codes.ts'
import { PROBLEMS, problemType } from '../../protocol/api/problem-codes.ts'
import type { Problem } from '../../protocol/api/problems.ts'
import { ServiceError } from './service.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/** On every answer: nothing here is a page, nothing may be stored by what stands between. */
export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
} as const

/** What Fastify itself refuses, by its code. */
const FRAMEWORK_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'not-json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
}

/** The problem that an error is to a client, whatever was thrown. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ServiceError) return problemOf(error.code, error.message, error.nextStep)
  if (hasZodFastifySchemaValidationErrors(error)) return validationProblem(error)
  const { code, statusCode, message } = partsOf(error)
  const known = FRAMEWORK_CODES[code]
  if (known !== undefined) return problemOf(known, message)
  if (statusCode >= 400 && statusCode < 500) return problemOf('bad-request', message)
  return problemOf('internal', `The daemon met an error that it did not expect: ${message}`)
}

function problemOf(code: ProblemCode, detail: string, nextStep?: string): Problem {
  const kind: ProblemKind = PROBLEMS[code]
  return {
    type: problemType(code),
    status: kind.status,
    code,
    title: kind.title,
    detail,
    nextStep: nextStep ?? kind.nextStep,
  }
}

interface ValidationError {
  readonly validation: readonly { readonly instancePath: string; readonly message?: string | undefined }[]
  readonly validationContext?: string | undefined
}

function validationProblem(error: ValidationError): Problem {
  const place = error.validationContext === 'querystring' ? 'query' : (error.validationContext ?? 'body')
  const fields = error.validation.map(({ instancePath, message }) => ({
    field: [place, ...instancePath.split('/').filter((part) => part !== '')].join('.'),
    detail: message ?? 'is not valid',
  }))
  const detail = fields.map((each) => `${each.field}: ${each.detail}`).join('; ')
  return { ...problemOf('bad-request', detail), fields }
}

/** What is known of an error that nobody here made. */
function partsOf(error: unknown): { code: string; statusCode: number; message: string } {
  if (!(error instanceof Error)) return { code: '', statusCode: 500, message: String(error) }
  const code = 'code' in error ? String(error.code) : ''
  const statusCode = 'statusCode' in error ? Number(error.statusCode) : 500
  return { code, statusCode, message: error.message }
}

/** Answers before any route was looked at. The connection ends: what else it carries is not read. */
export function writeProblem(response: ServerResponse, problem: Problem): void {
  response.writeHead(problem.status, {
    ...SAFE_HEADERS,
    'content-type': `${PROBLEM_TYPE}; charset=utf-8`,
    connection: 'close',
    ...(problem.code === 'unauthorized' && { 'www-authenticate': 'Bearer realm="holt"' }),
  })
  response.end(JSON.stringify(problem))
}
