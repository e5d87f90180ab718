/** The protocols that devices speak, as the transport has to know them. */

import {
  BLOB_FRAME_BYTES_MAX,
  KEPT_FRAME_BYTES_MAX,
  CLOCK_FRAME_BYTES_MAX,
  FINE_FRAME_BYTES_MAX,
  META_INFLATED_BYTES_MAX,
  PAIR_WELCOME_BYTES_MAX,
  PORT_FRAME_BYTES_MAX,
  STRANGER_GROUP_BYTES_MAX,
} from './limits.ts'

/** A protocol as the transport has to know it. */
export interface ProtocolSpec {
  readonly id: string
  /** The largest frame that may be received, in bytes, after inflating. */
  readonly frameBytesMax: number
  /** Frames are deflated where that makes them smaller. */
  readonly isDeflated: boolean
  /** Devices that are no members may open it. */
  readonly isOpenToStrangers: boolean
}

/** Majors that are asked for, to tell a device that is newer from one that is no Holt. */
const LATER_MAJORS = 4

/** The next majors of a protocol, as ids. A device that speaks several offers all of them, and the newest that both know is taken. */
export function laterMajors(id: string): string[] {
  const [, name = id, major = '1'] = /^(.*\/)(\d+)$/.exec(id) ?? []
  return Array.from({ length: LATER_MAJORS }, (_, i) => `${name}${Number(major) + 1 + i}`)
}

export const META: ProtocolSpec = {
  id: '/holt/meta/1',
  frameBytesMax: META_INFLATED_BYTES_MAX,
  isDeflated: true,
  isOpenToStrangers: false,
}
export const BLOB: ProtocolSpec = {
  id: '/holt/blob/1',
  frameBytesMax: BLOB_FRAME_BYTES_MAX,
  isDeflated: false,
  isOpenToStrangers: false,
}
/** Who speaks it also answers `ranges` on /holt/blob/1. */
export const FINE: ProtocolSpec = {
  id: '/holt/fine/1',
  frameBytesMax: FINE_FRAME_BYTES_MAX,
  isDeflated: false,
  isOpenToStrangers: false,
}
export const GROUP: ProtocolSpec = {
  id: '/holt/group/1',
  frameBytesMax: STRANGER_GROUP_BYTES_MAX,
  isDeflated: false,
  isOpenToStrangers: true,
}
export const PORTS: ProtocolSpec = {
  id: '/holt/ports/1',
  frameBytesMax: PORT_FRAME_BYTES_MAX,
  isDeflated: false,
  isOpenToStrangers: false,
}
export const KEPT: ProtocolSpec = {
  id: '/holt/kept/1',
  frameBytesMax: KEPT_FRAME_BYTES_MAX,
  isDeflated: true,
  isOpenToStrangers: false,
}
export const CLOCK: ProtocolSpec = {
  id: '/holt/clock/1',
  frameBytesMax: CLOCK_FRAME_BYTES_MAX,
  isDeflated: false,
  isOpenToStrangers: false,
}
export const PAIR: ProtocolSpec = {
  id: '/holt/pair/1',
  frameBytesMax: PAIR_WELCOME_BYTES_MAX,
  isDeflated: false,
  isOpenToStrangers: true,
}
