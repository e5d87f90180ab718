/** One seed, one device id, everywhere; and the certificate that proves it. */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { generateCertificate, verifyPeerCertificate } from '@libp2p/tls/utils'
import { createSigner, generateSeed } from '../../daemon/native-crypto.ts'
import { createCertificate } from '../../daemon/peers/certificate.ts'
import { provenPeer } from '../../daemon/peers/certificate-proof.ts'
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

  it('proves here what it proves to any libp2p program, whoever made it', async () => {
    const key = peerKeyOf(generateSeed())
    const peer = peerIdFromPrivateKey(key)
    const made = [(await createCertificate(key)).certPem, (await generateCertificate(key)).cert]
    for (const raw of made.map((pem) => new X509Certificate(pem).raw)) {
      assert.ok((await provenPeer(raw, peer, Date.now())).equals(peer))
      assert.ok((await verifyPeerCertificate(raw)).equals(await provenPeer(raw, undefined, Date.now())))
      await assert.rejects(provenPeer(raw, peerIdFromPrivateKey(peerKeyOf(generateSeed())), Date.now()))
    }
  })

  it('proves nothing before its time, after it, and with any byte of it changed, missing or too many', async () => {
    const key = peerKeyOf(generateSeed())
    const raw = new X509Certificate((await createCertificate(key)).certPem).raw
    const proves = async (bytes: Uint8Array, nowMs = Date.now()): Promise<boolean> =>
      provenPeer(bytes, undefined, nowMs).then(
        () => true,
        () => false,
      )
    assert.ok(await proves(raw))
    assert.equal(await proves(raw, -1), false)
    assert.equal(await proves(new X509Certificate((await generateCertificate(key)).cert).raw, 0), false)
    for (let at = 0; at < raw.length; at += 1) {
      const changed = Buffer.from(raw)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      assert.equal(await proves(changed), false, `byte ${at}`)
      assert.equal(await proves(raw.subarray(0, at)), false, `${at} bytes`)
    }
    assert.equal(await proves(Buffer.concat([raw, Buffer.of(0)])), false)
  })

  it('proves nothing with a key that its peer has not signed, and nothing signed by another', async () => {
    const [key, thief] = [peerKeyOf(generateSeed()), peerKeyOf(generateSeed())]
    // Everything of the peer but what only it can do: the thief signs in its place.
    const forger = { ...key, type: key.type, publicKey: key.publicKey, sign: (bytes: Uint8Array) => thief.sign(bytes) }
    const { certPem } = await createCertificate(forger)
    await assert.rejects(provenPeer(new X509Certificate(certPem).raw, undefined, Date.now()), /has not signed/)
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
