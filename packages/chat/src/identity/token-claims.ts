import { uuidPattern, type UserId } from '@viatra-chat/contract'
import { Refusal } from '../refusal.js'
import { LEEWAY_MS } from './jwt-rules.js'

/** What a verified token says. */
export interface TokenClaims {
  userId: UserId
  /** As the token has it; an administrator must be one in the database as well. */
  role: string | null
  /** The token's `exp`, without leeway. */
  expiresAt: Date
}

/**
 * The claims of a token whose signature, dates, issuer and audience fast-jwt has verified with `complete: true`.
 * @param verified fast-jwt's result: `{header, payload}`.
 * @throws Refusal TOKEN_INVALID.
 */
export function readClaims(verified: unknown): TokenClaims {
  const { header, payload } = readParts(verified)
  // We understand no extension, so a token that insists on one is not for us (RFC 7515, 4.1.11).
  if ('crit' in header) throw new Refusal('TOKEN_INVALID')
  const type = payload['type'] ?? 'access'
  if (type !== 'access') throw new Refusal('TOKEN_INVALID')
  refuseOddDates(payload)
  return { userId: readUserId(payload), role: readRole(payload['role']), expiresAt: readExpiry(payload['exp']) }
}

type Claims = Readonly<Record<string, unknown>>

function readParts(verified: unknown): { header: Claims; payload: Claims } {
  if (isRecord(verified) && isRecord(verified['header']) && isRecord(verified['payload'])) {
    return { header: verified['header'], payload: verified['payload'] }
  }
  throw new Refusal('TOKEN_INVALID')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** fast-jwt takes a number too large for JSON as infinity, and does not look at `iat`. */
function refuseOddDates(payload: Claims): void {
  const { nbf = 0, iat = 0 } = payload
  if (!isFiniteNumber(nbf) || !isFiniteNumber(iat)) throw new Refusal('TOKEN_INVALID')
  if (iat * 1000 > Date.now() + LEEWAY_MS) throw new Refusal('TOKEN_INVALID')
}

function readExpiry(exp: unknown): Date {
  const expiresAt = new Date(isFiniteNumber(exp) ? exp * 1000 : NaN)
  if (Number.isNaN(expiresAt.getTime())) throw new Refusal('TOKEN_INVALID')
  return expiresAt
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value)
}

/** `userId` or `sub`; two that disagree would let one check see another person than the next. */
function readUserId(payload: Claims): UserId {
  const { userId = payload['sub'], sub = userId } = payload
  if (!isUuid(userId) || !isUuid(sub) || userId.toLowerCase() !== sub.toLowerCase()) throw new Refusal('TOKEN_INVALID')
  return userId.toLowerCase() as UserId
}

const uuid = new RegExp(uuidPattern)

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && uuid.test(value)
}

function readRole(role: unknown): string | null {
  if (role === undefined || role === null) return null
  if (typeof role !== 'string') throw new Refusal('TOKEN_INVALID')
  return role
}
