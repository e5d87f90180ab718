/** What a route is to this server: parse (done by the schemas), call, encode. */

import type { OperationRequest, OperationResponse } from '../../protocol/api/operations.ts'
import type { OperationId, ROUTES } from '../../protocol/api/routes.ts'
import type { AbortOptions } from '../ports.ts'

type AnsweredBy<A extends string> = {
  [K in OperationId]: (typeof ROUTES)[K]['answer'] extends A ? K : never
}[OperationId]
export type JsonId = AnsweredBy<'json'>
export type EventStreamId = AnsweredBy<'event-stream'>
export type NdjsonId = AnsweredBy<'ndjson'>

/** `signal` aborts when the client has gone or the server stops. */
export interface RequestContext extends AbortOptions {
  /** Of a client that resumes an event stream. */
  readonly lastEventId: string | undefined
}

export type JsonHandler<K extends OperationId> = (
  request: OperationRequest<K>,
  context: RequestContext,
) => Promise<OperationResponse<K>>

export interface OpenStream<T> {
  readonly items: AsyncIterable<T>
  /** Where a client that loses its connection before the first item resumes. */
  readonly startId?: string
}
/** Failures that come before the stream is open are answered as problems; later ones end it. */
export type StreamHandler<K extends OperationId> = (
  request: OperationRequest<K>,
  context: RequestContext,
) => Promise<OpenStream<OperationResponse<K>>>

export type JsonHandlers<K extends JsonId = JsonId> = { readonly [P in K]: JsonHandler<P> }
export type EventStreamHandlers<K extends EventStreamId = EventStreamId> = { readonly [P in K]: StreamHandler<P> }
export type NdjsonHandlers<K extends NdjsonId = NdjsonId> = { readonly [P in K]: StreamHandler<P> }

export interface Handlers {
  readonly json: JsonHandlers
  readonly eventStreams: EventStreamHandlers
  readonly ndjson: NdjsonHandlers
}
