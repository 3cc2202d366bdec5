import { createSigner } from 'fast-jwt'

export interface TokenToSign {
  /** Signs with HS256. */
  secret: string
  userId: string
  role?: string
  expiresInMs: number
  issuer?: string
  audience?: string
}

/** Signs an access token: for trying things and for tests. In production the platform signs. */
export function signToken({ secret, userId, role, expiresInMs, issuer, audience }: TokenToSign): string {
  const sign = createSigner({
    algorithm: 'HS256',
    key: secret,
    expiresIn: expiresInMs,
    ...(issuer !== undefined && { iss: issuer }),
    ...(audience !== undefined && { aud: audience }),
  })
  return sign({ userId, type: 'access', ...(role !== undefined && { role }) })
}
