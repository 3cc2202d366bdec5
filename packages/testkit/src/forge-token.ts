import { createHmac, sign, type KeyObject } from 'node:crypto'
import { testSecret } from './world.js'

export interface ForgeOptions {
  header?: Record<string, unknown>
  /** The HMAC secret; a private key signs with RS256 or ES256, by its type; null leaves the signature empty. */
  key?: string | KeyObject | null
}

/** A JWT that says whatever a test wants it to say, however wrong. Without options it is signed as the world's tokens are. */
export function forgeToken(claims: unknown, { header = {}, key = testSecret }: ForgeOptions = {}): string {
  const alg = typeof key === 'string' || key === null ? 'HS256' : key.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256'
  const signed = [{ alg, typ: 'JWT', ...header }, claims]
    .map((part) => encode(typeof part === 'string' ? part : JSON.stringify(part)))
    .join('.')
  return `${signed}.${signatureOf(signed, key)}`
}

/** Seconds since 1970, so many from now: the unit of a token's dates. */
export const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

const encode = (text: string) => Buffer.from(text).toString('base64url')

function signatureOf(signed: string, key: string | KeyObject | null): string {
  if (key === null) return ''
  if (typeof key === 'string') return createHmac('sha256', key).update(signed).digest('base64url')
  return sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}
