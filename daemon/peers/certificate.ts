/**
 * The self-signed certificate with which a device proves its peer id in TLS, by the libp2p TLS specification
 * (https://github.com/libp2p/specs/blob/master/tls/tls.md). It is written here and not taken from `@libp2p/tls`, whose
 * certificates begin an hour before now: a device with a slow clock would refuse them. Ours are valid at any time.
 */

import type { PrivateKey } from '@libp2p/interface'
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'

export interface Certificate {
  readonly certPem: string
  readonly keyPem: string
}

const SIGNED_PREFIX = 'libp2p-tls-handshake:'

const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const SEQUENCE = 0x30
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const TBS_VERSION = 0xa0
const TBS_EXTENSIONS = 0xa3

/** ecdsa-with-SHA256. */
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex')
/** serialNumber=1: some TLS stacks refuse an empty name. */
const NAME = Buffer.from('300c310a300806035504051301' + '31', 'hex')
/** 1.3.6.1.4.1.53594.1.1, critical. */
const LIBP2P_EXTENSION = Buffer.from('060a2b0601040183a25a0101' + '0101ff', 'hex')
/** A protobuf key: type 1 = Ed25519, 32 bytes. */
const ED25519_KEY_PREFIX = Buffer.from('08011220', 'hex')

/** A new certificate, with a new P-256 key that lives as long as the process. */
export async function createCertificate(identity: PrivateKey): Promise<Certificate> {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { format: 'der', type: 'spki' },
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
  })
  const proof = await identity.sign(Buffer.concat([Buffer.from(SIGNED_PREFIX), pair.publicKey]))
  const peerKey = Buffer.concat([ED25519_KEY_PREFIX, identity.publicKey.raw])
  const body = toBeSigned(pair.publicKey, der(SEQUENCE, der(OCTET_STRING, peerKey), der(OCTET_STRING, proof)))
  const signature = sign('sha256', body, createPrivateKey(pair.privateKey))
  const certificate = der(SEQUENCE, body, ECDSA_SHA256, der(BIT_STRING, Buffer.of(0), signature))
  return { certPem: pem('CERTIFICATE', certificate), keyPem: pair.privateKey }
}

/** The TBSCertificate of RFC 5280 §4.1. */
function toBeSigned(publicKey: Uint8Array, proof: Uint8Array): Buffer {
  return der(
    SEQUENCE,
    der(TBS_VERSION, der(INTEGER, Buffer.of(2))),
    der(INTEGER, Buffer.of(1)),
    ECDSA_SHA256,
    NAME,
    der(SEQUENCE, der(UTC_TIME, Buffer.from('700101000000Z')), der(GENERALIZED_TIME, Buffer.from('99991231235959Z'))),
    NAME,
    publicKey,
    der(TBS_EXTENSIONS, der(SEQUENCE, der(SEQUENCE, LIBP2P_EXTENSION, der(OCTET_STRING, proof)))),
  )
}

/** One value in DER: tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content])
  if (content.length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, content.length), content])
  return Buffer.concat([Buffer.of(tag, 0x82, content.length >> 8, content.length & 0xff), content])
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
