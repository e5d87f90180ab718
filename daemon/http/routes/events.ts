/** Routes of the event log. */

import type { EventStreamHandlers, JsonHandlers } from '../handlers.ts'
import type { EventSource } from '../service.ts'

export function eventRoutes(events: EventSource): JsonHandlers<'listEvents'> {
  return {
    listEvents: ({ query }) => Promise.resolve(events.since(query.after, query.limit)),
  }
}

export function eventStream(events: EventSource): EventStreamHandlers<'followEvents'> {
  return {
    // A client that reconnects sends the header, with the address that it first used: the header is newer.
    followEvents: ({ query }, { signal, lastEventId }) => {
      const from = lastEventId ?? query.after ?? events.lastId()
      return Promise.resolve({ items: events.follow(from, { signal }), startId: from })
    },
  }
}
