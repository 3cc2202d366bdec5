import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { Refusal } from '../refusal.js'

/** The parts of an unverified token that a key is chosen by. */
export interface DecodedToken {
  readonly header?: TokenHeader
}

export interface TokenHeader {
  readonly alg?: unknown
  readonly kid?: unknown
}

export interface JwksTimes {
  /** Within this age the keys are used without asking again. */
  freshMs: number
  /** Keys of an endpoint that stopped answering are used up to this age. */
  staleMs: number
  /** At most one request in this time, whatever tokens come: an unknown `kid` must not become traffic for the issuer. */
  cooldownMs: number
  /** Longest wait for one answer. */
  timeoutMs: number
}

const DEFAULT_TIMES: JwksTimes = { freshMs: 600_000, staleMs: 86_400_000, cooldownMs: 10_000, timeoutMs: 3000 }
const RSA_BITS_MIN = 2048
const KID_LENGTH_MAX = 256

interface PublishedKey {
  kid: string | undefined
  algorithm: 'RS256' | 'ES256'
  pem: string
}

/**
 * Finds keys in the key set at a URL, which is the only address ever asked: `jku`, `jwk` and `x5u` of a token are ignored.
 * The algorithm follows from the key's own type, and the token's `alg` must be the same.
 * Refuses with TOKEN_INVALID for a key that is not there and UNAVAILABLE when the endpoint does not say.
 */
export function createJwksKeys(url: string, times: JwksTimes = DEFAULT_TIMES): (token: DecodedToken) => Promise<string> {
  const keySet = new JwksKeySet(url, times)
  return async ({ header = {} }) => {
    if (!mayBePublished(header)) throw new Refusal('TOKEN_INVALID')
    const key = findKey(await keySet.current(), header) ?? findKey(await keySet.afterUnknownKey(), header)
    if (key) return key.pem
    throw keySet.reachable ? new Refusal('TOKEN_INVALID') : new Refusal('UNAVAILABLE', { retryAfterS: 5 })
  }
}

/** Refuses without a request what no answer could make good. */
function mayBePublished({ alg, kid }: TokenHeader): boolean {
  const wellFormed = kid === undefined || (typeof kid === 'string' && kid.length <= KID_LENGTH_MAX)
  return wellFormed && (alg === 'RS256' || alg === 'ES256')
}

/** The published keys and when they were asked for. Never rejects: without an answer it has the keys of the last one. */
class JwksKeySet {
  readonly #url: string
  readonly #times: JwksTimes
  #keys: readonly PublishedKey[] = []
  #fetchedAt = -Infinity
  #askedAt = -Infinity
  #asking: Promise<void> | undefined

  constructor(url: string, times: JwksTimes) {
    this.#url = url
    this.#times = times
  }

  /** Whether the last request was answered. */
  get reachable(): boolean {
    return this.#fetchedAt >= this.#askedAt
  }

  async current(): Promise<readonly PublishedKey[]> {
    if (this.#ageMs() > this.#times.freshMs) await this.#ask()
    return this.#usable()
  }

  /** Keys are published before they are used, so a key we do not know may be a new one. */
  async afterUnknownKey(): Promise<readonly PublishedKey[]> {
    await this.#ask()
    return this.#usable()
  }

  #usable(): readonly PublishedKey[] {
    return this.#ageMs() > this.#times.staleMs ? [] : this.#keys
  }

  #ageMs(): number {
    return performance.now() - this.#fetchedAt
  }

  /** Callers share a request that is under way; in the cool-down there is none. */
  async #ask(): Promise<void> {
    const coolingDown = performance.now() - this.#askedAt < this.#times.cooldownMs
    if (!this.#asking && coolingDown) return
    this.#asking ??= this.#fetch().finally(() => (this.#asking = undefined))
    await this.#asking
  }

  async #fetch(): Promise<void> {
    this.#askedAt = performance.now()
    try {
      this.#keys = await fetchKeys(this.#url, this.#times.timeoutMs)
      this.#fetchedAt = performance.now()
    } catch {
      // `reachable` says so from here on; the keys we have go on being used.
    }
  }
}

async function fetchKeys(url: string, timeoutMs: number): Promise<PublishedKey[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error', headers: { accept: 'application/json' } })
  const body: unknown = response.ok ? await response.json() : undefined
  if (typeof body !== 'object' || body === null || !('keys' in body) || !Array.isArray(body.keys)) throw new Error('not a key set')
  return body.keys.flatMap(readPublishedKey)
}

/** Keys of other kinds and purposes may be in a set; they are not ours to use. */
function readPublishedKey(jwk: unknown): PublishedKey[] {
  if (!isJwk(jwk)) return []
  const { kid, kty, crv, use, alg } = jwk
  const algorithm = kty === 'RSA' ? 'RS256' : kty === 'EC' && crv === 'P-256' ? 'ES256' : undefined
  if (!algorithm || (use ?? 'sig') !== 'sig' || (alg ?? algorithm) !== algorithm) return []
  const pem = toPem(jwk)
  return pem ? [{ kid: typeof kid === 'string' ? kid : undefined, algorithm, pem }] : []
}

function isJwk(value: unknown): value is JsonWebKey {
  return typeof value === 'object' && value !== null
}

function toPem(jwk: JsonWebKey): string | undefined {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const tooShort = (key.asymmetricKeyDetails?.modulusLength ?? Infinity) < RSA_BITS_MIN
    return tooShort ? undefined : key.export({ type: 'spki', format: 'pem' }).toString()
  } catch {
    return undefined
  }
}

/** A token without `kid` is fine while only one published key fits it. */
function findKey(keys: readonly PublishedKey[], { alg, kid }: TokenHeader): PublishedKey | undefined {
  const fitting = keys.filter((key) => key.algorithm === alg)
  if (kid === undefined) return fitting.length === 1 ? fitting[0] : undefined
  return fitting.find((key) => key.kid === kid)
}
