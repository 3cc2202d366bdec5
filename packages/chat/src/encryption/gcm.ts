import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto'

const algorithm = 'aes-256-gcm'
const nonceLength = 12
const tagLength = 16

/**
 * Encrypts and authenticates: nonce, ciphertext, tag. Nonces are random, which is safe for some four thousand million messages of one key.
 * @param boundTo is not stored: whoever opens has to say the same.
 */
export function encrypt(key: KeyObject, plain: Buffer, boundTo: string): Buffer {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength })
  cipher.setAAD(Buffer.from(boundTo))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Undefined when key, bytes or what they are bound to are not those of the encryption. */
export function decrypt(key: KeyObject, bytes: Buffer, boundTo: string): Buffer | undefined {
  if (bytes.length < nonceLength + tagLength) return undefined
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceLength), { authTagLength: tagLength })
  decipher.setAAD(Buffer.from(boundTo))
  decipher.setAuthTag(bytes.subarray(-tagLength))
  const plain = decipher.update(bytes.subarray(nonceLength, -tagLength))
  try {
    // Compares the tag; GCM leaves nothing to be added.
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}
