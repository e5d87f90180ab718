/**
 * The self-signed certificate with which a device proves its peer id in TLS, by the libp2p TLS specification
 * (https://github.com/libp2p/specs/blob/master/tls/tls.md). It is written here and not taken from `@libp2p/tls`, whose
 * certificates begin an hour before now: a device with a slow clock would refuse them. Ours are valid at any time.
 */

import type { PrivateKey } from '@libp2p/interface'
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { DER, derContext, encodeDer } from './der.ts'

export interface Certificate {
  readonly certPem: string
  readonly keyPem: string
}

/** Stands before the key of a certificate when the peer signs it. */
export const SIGNED_PREFIX = 'libp2p-tls-handshake:'
/** 1.3.6.1.4.1.53594.1.1: the content of an object id. */
export const LIBP2P_EXTENSION_ID: Uint8Array = Buffer.from('2b0601040183a25a0101', 'hex')

/** ecdsa-with-SHA256. */
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex')
/** serialNumber=1: some TLS stacks refuse an empty name. */
const NAME = Buffer.from('300c310a300806035504051301' + '31', 'hex')
const TRUE = Buffer.of(0xff)
const TBS_VERSION = derContext(0)
const TBS_EXTENSIONS = derContext(3)
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
  const body = toBeSigned(
    pair.publicKey,
    encodeDer(DER.sequence, encodeDer(DER.octetString, peerKey), encodeDer(DER.octetString, proof)),
  )
  const signature = sign('sha256', body, createPrivateKey(pair.privateKey))
  const certificate = encodeDer(DER.sequence, body, ECDSA_SHA256, encodeDer(DER.bitString, Buffer.of(0), signature))
  return { certPem: pem('CERTIFICATE', certificate), keyPem: pair.privateKey }
}

/** The TBSCertificate of RFC 5280 §4.1. */
function toBeSigned(publicKey: Uint8Array, proof: Uint8Array): Buffer {
  const [extensionId, critical] = [encodeDer(DER.objectId, LIBP2P_EXTENSION_ID), encodeDer(DER.boolean, TRUE)]
  return encodeDer(
    DER.sequence,
    encodeDer(TBS_VERSION, encodeDer(DER.integer, Buffer.of(2))),
    encodeDer(DER.integer, Buffer.of(1)),
    ECDSA_SHA256,
    NAME,
    encodeDer(
      DER.sequence,
      encodeDer(DER.utcTime, Buffer.from('700101000000Z')),
      encodeDer(DER.generalizedTime, Buffer.from('99991231235959Z')),
    ),
    NAME,
    publicKey,
    encodeDer(
      TBS_EXTENSIONS,
      encodeDer(DER.sequence, encodeDer(DER.sequence, extensionId, critical, encodeDer(DER.octetString, proof))),
    ),
  )
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
