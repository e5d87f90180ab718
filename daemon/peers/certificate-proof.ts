/**
 * Reads from the certificate of another device who it is, by the libp2p TLS specification
 * (https://github.com/libp2p/specs/blob/master/tls/tls.md). It is read here and not by `@libp2p/tls`, whose X.509 library takes longer
 * to load than all the rest of a handshake, and stays in memory.
 */

import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { UnexpectedPeerError } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { X509Certificate } from 'node:crypto'
import { LIBP2P_EXTENSION_ID, SIGNED_PREFIX } from './certificate.ts'
import type { DerValue } from './der.ts'
import { DER, derContext, readDer } from './der.ts'

/** More than any key that libp2p knows needs. */
const CERTIFICATE_BYTES_MAX = 8192

/**
 * The peer id that the certificate proves: its own key, with which the handshake was signed, is signed by that of the peer.
 *
 * @param raw DER
 * @param expected undefined takes whoever it is
 * @param nowMs of the clock on the wall: a certificate says when it is valid
 * @throws Error for what proves nothing, UnexpectedPeerError for somebody else
 */
export async function provenPeer(raw: Uint8Array, expected: PeerId | undefined, nowMs: number): Promise<PeerId> {
  if (raw.length > CERTIFICATE_BYTES_MAX) throw new Error('the certificate is too large')
  checkItself(new X509Certificate(raw), nowMs)
  const { spki, extensions } = readCertificate(raw)
  const [peerKey, signature] = readProof(proofAmong(extensions))
  const key = publicKeyFromProtobuf(peerKey)
  const isSigned = await key.verify(Buffer.concat([Buffer.from(SIGNED_PREFIX), spki]), signature)
  if (!isSigned) throw new Error('the peer has not signed the key of the certificate')
  const peer = peerIdFromPublicKey(key)
  if (expected?.equals(peer) === false) throw new UnexpectedPeerError()
  return peer
}

/** Valid now, and signed with its own key. */
function checkItself(certificate: X509Certificate, nowMs: number): void {
  const isValid = Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo)
  if (!isValid) throw new Error('the certificate is not valid now')
  const isOwn = certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey)
  if (!isOwn) throw new Error('the certificate is not signed by itself')
}

/** Of RFC 5280 §4.1: version, serial, algorithm, issuer, validity, subject, key, ids that nobody uses, extensions. */
function readCertificate(raw: Uint8Array): { spki: Uint8Array; extensions: readonly DerValue[] } {
  const [certificate] = within(readDer(raw)[0], DER.sequence)
  const [version, , , , , , spki, ...rest] = within(certificate, DER.sequence)
  const [extensions] = within(rest.at(-1), derContext(3))
  if (version?.tag !== derContext(0) || spki?.tag !== DER.sequence)
    throw new Error('the certificate is not of version 3')
  return { spki: spki.whole, extensions: within(extensions, DER.sequence) }
}

/** The value of libp2p's extension: there is one, and nothing else that would have to be understood. */
function proofAmong(extensions: readonly DerValue[]): Uint8Array {
  let found: Uint8Array | undefined
  for (const extension of extensions) {
    const fields = within(extension, DER.sequence)
    const [id, value] = [fields[0], fields.at(-1)]
    if (id?.tag !== DER.objectId || value?.tag !== DER.octetString) throw new Error('an extension is none')
    const isCritical = fields.length > 2
    if (Buffer.from(LIBP2P_EXTENSION_ID).equals(id.content)) {
      if (found !== undefined) throw new Error('the certificate has two proofs')
      found = value.content
    } else if (isCritical) throw new Error('the certificate has a critical extension that is not understood')
  }
  if (found === undefined) throw new Error('the certificate has no proof of a peer')
  return found
}

function readProof(value: Uint8Array): [peerKey: Uint8Array, signature: Uint8Array] {
  const [peerKey, signature, ...rest] = within(readDer(value)[0], DER.sequence)
  if (peerKey?.tag !== DER.octetString || signature?.tag !== DER.octetString || rest.length > 0)
    throw new Error('the proof is none')
  return [peerKey.content, signature.content]
}

/** @throws Error where it is not there, or something else */
function within(value: DerValue | undefined, tag: number): DerValue[] {
  if (value?.tag !== tag) throw new Error('the certificate is not built as one')
  return readDer(value.content)
}
