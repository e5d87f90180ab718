/** One seed, one device id, everywhere; and the certificate that proves it. */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { generateCertificate, verifyPeerCertificate } from '@libp2p/tls/utils'
import { createSigner, generateSeed } from '../../daemon/native-crypto.ts'
import { createCertificate } from '../../daemon/peers/certificate.ts'
import { deviceOf, peerKeyOf } from '../../daemon/peers/identity.ts'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'

describe('the identity of a device', () => {
  it('is the same for libp2p and for the signer', async () => {
    const seed = generateSeed()
    const [key, signer] = [peerKeyOf(seed), createSigner(seed)]
    assert.equal(deviceOf(peerIdFromPrivateKey(key)), signer.device)
    const message = Buffer.from('one key')
    assert.deepEqual(Buffer.from(await key.sign(message)), Buffer.from(signer.sign(message)))
  })
})

describe('the certificate', () => {
  it('proves the peer id to any libp2p program', async () => {
    const key = peerKeyOf(generateSeed())
    const { certPem } = await createCertificate(key)
    const remote = await verifyPeerCertificate(new X509Certificate(certPem).raw)
    assert.equal(remote.toString(), peerIdFromPrivateKey(key).toString())
  })

  it('proves nothing for another key, and nothing once a bit of it is changed', async () => {
    const [key, other] = [peerKeyOf(generateSeed()), peerKeyOf(generateSeed())]
    const { certPem } = await createCertificate(key)
    const raw = new X509Certificate(certPem).raw
    await assert.rejects(verifyPeerCertificate(raw, peerIdFromPrivateKey(other)))
    const changed = Buffer.from(raw)
    const at = changed.indexOf(Buffer.from(key.publicKey.raw))
    changed[at] = (changed[at] ?? 0) ^ 1
    await assert.rejects(verifyPeerCertificate(changed))
  })

  it('is valid at any time, so that clocks may be wrong', async () => {
    const key = peerKeyOf(generateSeed())
    const ours = new X509Certificate((await createCertificate(key)).certPem)
    assert.equal(Date.parse(ours.validFrom), 0)
    assert.equal(new Date(ours.validTo).getUTCFullYear(), 9999)
    const theirs = new X509Certificate((await generateCertificate(key)).cert)
    assert.ok(
      Date.parse(theirs.validFrom) > Date.now() - 7_200_000,
      'libp2p has changed: ours may not be needed any more',
    )
  })
})
