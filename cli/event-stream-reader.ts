/** Server-sent events (WHATWG HTML, 9.2) as they arrive. */

import type { Readable } from 'node:stream'

export interface StreamMessage {
  /** `message` where the sender gave none. */
  readonly name: string
  readonly data: string
}

/** Characters of one event: a page of text is far less, and a daemon that sends more is none of ours. */
const EVENT_LENGTH_MAX = 4 * 1024 * 1024

/** @throws RangeError for an event without an end */
export async function* readStream(stream: Readable): AsyncIterable<StreamMessage> {
  let rest = ''
  stream.setEncoding('utf8')
  for await (const piece of stream) {
    const blocks = (rest + String(piece)).split('\n\n')
    rest = blocks.pop() ?? ''
    if (rest.length > EVENT_LENGTH_MAX) throw new RangeError('the daemon sent an event that does not end')
    for (const block of blocks) {
      const message = parseBlock(block)
      if (message !== undefined) yield message
    }
  }
}

function parseBlock(block: string): StreamMessage | undefined {
  let name = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) name = line.slice(7)
    if (line.startsWith('data: ')) data.push(line.slice(6))
  }
  return data.length === 0 ? undefined : { name, data: data.join('\n') }
}
