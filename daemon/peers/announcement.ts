/**
 * What a device says of itself on the local network, as DNS records (RFC 6763): PTR `_holt._udp.local` → `<device>._holt._udp.local`,
 * whose TXT holds the port and, while a pairing code is shown, its public nameplate. No name of a person or a machine. The
 * address is the one that the packet comes from.
 */

import type { Answer, Packet, Question } from 'dns-packet'
import type { DeviceId } from '../../protocol/ids.ts'
import { parseDeviceId } from '../../protocol/ids.ts'

export interface Announcement {
  readonly device: DeviceId
  readonly port: number
  /** 1–99, or null. */
  readonly nameplate: number | null
}

export const SERVICE = '_holt._udp.local'
/** How long others may believe an announcement, in seconds. */
const TTL_S = 120
const NAMEPLATE_MAX = 99
/** Records of one packet that are looked at. */
const RECORDS_MAX = 32

export const QUERY: Question = { name: SERVICE, type: 'PTR' }

export function encodeAnnouncement(own: Announcement): Answer[] {
  const name = `${own.device}.${SERVICE}`
  const texts = [`port=${own.port}`, ...(own.nameplate === null ? [] : [`plate=${own.nameplate}`])]
  return [
    { name: SERVICE, type: 'PTR', ttl: TTL_S, data: name },
    { name, type: 'TXT', ttl: TTL_S, data: texts },
  ]
}

export function isQuery(packet: Packet): boolean {
  return (packet.questions ?? []).some((question) => sameName(question.name, SERVICE))
}

/** The announcements of a response; records that are none, or not well formed, are passed over. */
export function parseAnnouncements(packet: Packet): Announcement[] {
  const records = [...(packet.answers ?? []), ...(packet.additionals ?? [])].slice(0, RECORDS_MAX)
  return records.flatMap((record) => parseRecord(record) ?? [])
}

function parseRecord(record: Answer): Announcement | undefined {
  if (record.type !== 'TXT' || !sameName(record.name.slice(-SERVICE.length - 1), `.${SERVICE}`)) return undefined
  const fields = new Map(textsOf(record.data).map((text) => keyAndValue(text)))
  const port = wholeNumber(fields.get('port'), 65_535)
  const nameplate = fields.has('plate') ? wholeNumber(fields.get('plate'), NAMEPLATE_MAX) : null
  const device = deviceIn(record.name.slice(0, -SERVICE.length - 1))
  if (port === undefined || nameplate === undefined || device === undefined) return undefined
  return { device, port, nameplate }
}

function textsOf(data: unknown): string[] {
  const parts: readonly unknown[] = Array.isArray(data) ? data : [data]
  return parts.map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString('latin1') : String(part)))
}

function keyAndValue(text: string): [string, string] {
  const at = text.indexOf('=')
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function wholeNumber(text: string | undefined, max: number): number | undefined {
  const isNumber = text !== undefined && /^[1-9]\d{0,4}$/.test(text)
  return isNumber && Number(text) <= max ? Number(text) : undefined
}

function deviceIn(label: string): DeviceId | undefined {
  try {
    return parseDeviceId(label)
  } catch {
    return undefined
  }
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
