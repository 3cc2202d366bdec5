import { asChatError } from './chat-error.js'

export interface SessionToken {
  /** The token of now; asks for one if there is none. */
  current(): Promise<string>
  /** Asks for a new one. Calls at the same time share one answer. */
  renew(): Promise<string>
  /** Who the token speaks of; undefined while there is none. */
  userId(): string | undefined
  /** When it expires, ms since 1970; undefined while unknown. */
  expiresAt(): number | undefined
}

/** Keeps the token that the application gave last. */
export function createSessionToken(getToken: () => Promise<string> | string): SessionToken {
  let token: string | undefined
  let asking: Promise<string> | undefined
  async function ask(): Promise<string> {
    try {
      token = await getToken()
      return token
    } catch (error) {
      throw asChatError(error, 'NO_TOKEN')
    }
  }
  const renew = () => (asking ??= ask().finally(() => (asking = undefined)))
  return {
    renew,
    current: async () => token ?? renew(),
    userId: () => text(claimsOf(token).userId) ?? text(claimsOf(token).sub),
    expiresAt: () => (typeof claimsOf(token).exp === 'number' ? Number(claimsOf(token).exp) * 1000 : undefined),
  }
}

// Read, not verified: that is the server's. An unreadable token is sent as it is.
function claimsOf(token: string | undefined): Record<string, unknown> {
  try {
    const payload = token?.split('.')[1] ?? ''
    return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>
  } catch {
    return {}
  }
}

const text = (claim: unknown) => (typeof claim === 'string' ? claim.toLowerCase() : undefined)
