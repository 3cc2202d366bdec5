import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Settings } from './settings.js'

/** What tokens are checked against: exactly one kind of key, which also pins the algorithm. */
export type TokenConfig = TokenKey & {
  /** `JWT_ISSUER`: the `iss` a token must have. */
  readonly issuer?: string
  /** `JWT_AUDIENCE`: the `aud` a token must name. */
  readonly audience?: string
  /** `JWT_EXPIRES_IN`: how long tokens that we sign last. */
  readonly expiresInMs: number
}

export type TokenKey =
  /** `JWT_SECRET`: HS256. */
  | { readonly secret: string; readonly publicKey?: never; readonly jwksUrl?: never }
  /** `JWT_PUBLIC_KEY` as SPKI PEM: RS256 or ES256, by the key's type. */
  | { readonly publicKey: string; readonly secret?: never; readonly jwksUrl?: never }
  /** `JWT_JWKS_URL`: RS256 or ES256, by the published key's type. */
  | { readonly jwksUrl: string; readonly secret?: never; readonly publicKey?: never }

const KEY_NAMES = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URL']
const SECRET_BYTES_MIN = 32
const RSA_BITS_MIN = 2048
const WEEK_MS = 7 * 86_400_000

export function readTokenConfig(settings: Settings): TokenConfig {
  const issuer = settings.text('JWT_ISSUER')
  const audience = settings.text('JWT_AUDIENCE')
  const expiresInMs = settings.durationMs('JWT_EXPIRES_IN', WEEK_MS)
  return { ...readKey(settings), ...(issuer && { issuer }), ...(audience && { audience }), expiresInMs }
}

function readKey(settings: Settings): TokenKey {
  const given = KEY_NAMES.filter((name) => settings.text(name) !== undefined)
  if (given.length === 0) settings.report('JWT_SECRET', 'is missing (or set JWT_PUBLIC_KEY or JWT_JWKS_URL instead)')
  if (given.length > 1) settings.report(given.join(', '), 'only one of them may be set')
  if (given.includes('JWT_PUBLIC_KEY')) return { publicKey: readPublicKey(settings) }
  if (given.includes('JWT_JWKS_URL')) return { jwksUrl: readJwksUrl(settings) }
  return { secret: readSecret(settings) }
}

/** Not trimmed: the issuer signs with exactly these bytes. */
function readSecret(settings: Settings): string {
  const secret = settings.verbatim('JWT_SECRET') ?? ''
  // Whoever knows a public key could sign tokens with it if it were taken for a secret.
  if (secret.includes('-----BEGIN')) settings.report('JWT_SECRET', 'is a PEM key; a public key belongs into JWT_PUBLIC_KEY')
  const tooShort = secret !== '' && Buffer.byteLength(secret) < SECRET_BYTES_MIN
  if (settings.production && tooShort) settings.report('JWT_SECRET', `must be at least ${SECRET_BYTES_MIN} bytes when NODE_ENV=production`)
  return secret
}

function readJwksUrl(settings: Settings): string {
  const protocols = settings.production ? ['https:'] : ['https:', 'http:']
  return settings.url('JWT_JWKS_URL', protocols) ?? ''
}

function readPublicKey(settings: Settings): string {
  try {
    return toSpkiPem(readPem(settings.text('JWT_PUBLIC_KEY') ?? ''))
  } catch (error) {
    settings.report(
      'JWT_PUBLIC_KEY',
      error instanceof UnusableKey ? error.message : 'must be a public key in PEM, or the path of such a file',
    )
    return ''
  }
}

/** PEM text, also with `\n` spelled out as many secret stores keep it, or the path of a PEM file. */
function readPem(value: string): string {
  if (value.includes('-----BEGIN')) return value.replaceAll('\\n', '\n')
  return readFileSync(value, 'utf8')
}

function toSpkiPem(pem: string): string {
  if (pem.includes('PRIVATE KEY-----')) throw new UnusableKey('is a private key; only the public one belongs here')
  const key = createPublicKey(pem)
  if (!isUsable(key)) throw new UnusableKey(`must be an RSA key of at least ${RSA_BITS_MIN} bits or an EC key on P-256`)
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function isUsable(key: KeyObject): boolean {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') return modulusLength >= RSA_BITS_MIN
  return key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1'
}

class UnusableKey extends Error {}
