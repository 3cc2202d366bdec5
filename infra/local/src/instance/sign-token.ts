import { createSigner } from 'fast-jwt'
import { Problem, reasonOf } from '../problem.js'

/** For whom and how long a token is good. */
export interface TokenClaims {
  userId: string
  role?: string
  /** A number with a unit, `15m`, `1h`, `7d`, or seconds. */
  expiresIn: string
}

/** How long tokens last unless somebody says otherwise. */
export function defaultExpiry(env: NodeJS.ProcessEnv): string {
  return env.JWT_EXPIRES_IN || '7d'
}

/**
 * Signs an access token as the services accept it (HS256, issuer and audience of the environment).
 * @throws Problem when the lifetime makes no sense.
 */
export function signToken(secret: string, { userId, role, expiresIn }: TokenClaims, env: NodeJS.ProcessEnv): string {
  try {
    const sign = createSigner({
      key: secret,
      algorithm: 'HS256',
      expiresIn: /^\d+$/.test(expiresIn) ? Number(expiresIn) * 1000 : expiresIn,
      ...(env.JWT_ISSUER && { iss: env.JWT_ISSUER }),
      ...(env.JWT_AUDIENCE && { aud: env.JWT_AUDIENCE }),
    })
    return sign({ userId, ...(role !== undefined && { role }) })
  } catch (error) {
    throw new Problem(`No token can be signed with a lifetime of ${expiresIn}: ${reasonOf(error)}`)
  }
}
