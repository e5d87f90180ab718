/**
 * The messages of /holt/fine/1. The device that has an older content of a blob opens the stream and asks how the new one is cut
 * into fine chunks; the other answers while it cuts. The next ask comes after the end of the one before.
 *
 *     frame    = header ‖ body       as in /holt/blob/1
 *
 *     ask        [1, hash32, averageBits 12..16, [[start, end] …1024]]      regions of the blob, ascending, each cut by itself
 *
 *     fines      [1, count 1..4096] ‖ count × 12 B              length (4 B, big-endian), first 8 bytes of its BLAKE3
 *     end        [2]                                                       after the pieces of all regions, in order
 *     refused    [3, code]                                       0 missing, 1 changed, 2 denied, 3 busy: ends the ask
 */

import { asArray, asBytes, asList, asUint, decodeHeader, encode } from './codec.ts'
import type { Value } from './codec.ts'
import { ProtocolError } from './errors.ts'
import { FINE_BYTES } from './fine-cut.ts'
import type { FineAsk, Region } from './fine-cut.ts'
import { blobHashOf, idBytes } from './ids.ts'
import {
  FILE_BYTES_MAX,
  FINE_BITS_MAX,
  FINE_BITS_MIN,
  FINE_FRAME_CHUNKS_MAX,
  FINE_REGIONS_MAX,
  HASH_BYTES,
} from './limits.ts'

const ASK = 1
const FINES = 1
const END = 2
const REFUSED = 3
const REFUSALS = ['missing', 'changed', 'denied', 'busy'] as const
export type FineRefusal = (typeof REFUSALS)[number]

export type FineReply =
  /** Whole pieces, a view of the frame. */
  | { readonly kind: 'fines'; readonly list: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'refused'; readonly code: FineRefusal }

export function encodeFineAsk({ hash, averageBits, regions }: FineAsk): Uint8Array {
  return encode([ASK, idBytes(hash), averageBits, regions.map(({ start, end }) => [start, end])])
}

/** @throws ProtocolError */
export function parseFineAsk(frame: Uint8Array): FineAsk {
  const { header, body } = decodeHeader(frame)
  if (body.length > 0) throw new ProtocolError('bad-field', 'an ask for fine chunks has bytes behind its header')
  const [kind, hash, bits, regions] = asArray(header, 'ask for fine chunks', 4)
  if (asUint(kind, 'kind of an ask') !== ASK) throw new ProtocolError('bad-field', 'an ask of an unknown kind')
  const averageBits = asUint(bits, 'average', FINE_BITS_MAX)
  if (averageBits < FINE_BITS_MIN) throw new ProtocolError('bad-field', 'too small an average')
  return {
    hash: blobHashOf(asBytes(hash, 'blob hash', HASH_BYTES)),
    averageBits,
    regions: regionsFrom(regions),
  }
}

function regionsFrom(value: Value | undefined): Region[] {
  let from = 0
  const regions = asList(value, 'regions', FINE_REGIONS_MAX).map((region) => {
    const [first, last] = asArray(region, 'region', 2)
    const start = asUint(first, 'start', FILE_BYTES_MAX)
    const end = asUint(last, 'end', FILE_BYTES_MAX)
    if (start < from || end <= start) throw new ProtocolError('bad-field', 'regions that are empty or in disorder')
    from = end
    return { start, end }
  })
  if (regions.length === 0) throw new ProtocolError('bad-field', 'an ask for no region')
  return regions
}

export function encodeFineReply(reply: FineReply): Uint8Array {
  switch (reply.kind) {
    case 'fines': {
      const head = encode([FINES, reply.list.length / FINE_BYTES])
      const frame = new Uint8Array(head.length + reply.list.length)
      frame.set(head)
      frame.set(reply.list, head.length)
      return frame
    }
    case 'end':
      return encode([END])
    case 'refused':
      return encode([REFUSED, REFUSALS.indexOf(reply.code)])
  }
}

/** @throws ProtocolError */
export function parseFineReply(frame: Uint8Array): FineReply {
  const { header, body } = decodeHeader(frame)
  const kind = asUint(asArray(header, 'fine chunks')[0], 'kind of a reply')
  if (kind === FINES) {
    const count = asUint(asArray(header, 'fine chunks', 2)[1], 'count', FINE_FRAME_CHUNKS_MAX)
    if (count === 0 || body.length !== count * FINE_BYTES) {
      throw new ProtocolError('bad-field', 'fine chunks that are not as many as they say')
    }
    return { kind: 'fines', list: body }
  }
  if (body.length > 0) throw new ProtocolError('bad-field', 'bytes behind a reply that has none')
  if (kind === END) {
    asArray(header, 'end', 1)
    return { kind: 'end' }
  }
  if (kind !== REFUSED) throw new ProtocolError('bad-field', `a reply of kind ${kind} is not known`)
  const code = REFUSALS[asUint(asArray(header, 'refused', 2)[1], 'refusal', REFUSALS.length - 1)] ?? 'missing'
  return { kind: 'refused', code }
}
