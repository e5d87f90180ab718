/**
 * Who may use the API over TCP. Any local user and any web page in the person's browser can reach a port of loopback: the
 * host name stops rebinding, the origin stops pages, and the token stops everybody else.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ServiceError } from './service.ts'

/** Names of this machine that no resolver of somebody else can give to a page. */
const HOSTS = new Set(['127.0.0.1', 'localhost', '[::1]'])
/** What a browser says of a request that no other site caused. */
const OWN_SITE = new Set(['same-origin', 'none'])

/** What is wrong with a request, or undefined when it may pass. */
export type Guard = (headers: IncomingHttpHeaders) => ServiceError | undefined

export function createGuard(token: string): Guard {
  const wanted = digest(token)
  return (headers) => checkHost(headers.host) ?? checkOrigin(headers) ?? checkToken(headers.authorization, wanted)
}

function checkHost(host: string | undefined): ServiceError | undefined {
  const name = host?.toLowerCase().replace(/:\d{1,5}$/, '')
  if (name !== undefined && HOSTS.has(name)) return undefined
  return new ServiceError('wrong-host', 'The Host header does not name this machine.')
}

function checkOrigin(headers: IncomingHttpHeaders): ServiceError | undefined {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  if (origin !== undefined && origin !== `http://${host ?? ''}`) {
    return new ServiceError('cross-site', 'The request comes from a page of another origin.')
  }
  if (site !== undefined && !(typeof site === 'string' && OWN_SITE.has(site))) {
    return new ServiceError('cross-site', 'The request was caused by another site.')
  }
  return undefined
}

function checkToken(authorization: string | undefined, wanted: Buffer): ServiceError | undefined {
  const given = /^Bearer ([\w.~+/=-]+) *$/i.exec(authorization ?? '')?.[1]
  if (given === undefined) return new ServiceError('unauthorized', 'The request has no bearer token.')
  if (!timingSafeEqual(digest(given), wanted))
    return new ServiceError('unauthorized', 'The bearer token is not the right one.')
  return undefined
}

/** Equally long whatever is given, so that comparing takes equally long. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
