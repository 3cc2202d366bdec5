import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The secret that tokens are signed with: `JWT_SECRET`, else the one that an earlier start made. Undefined when there is none yet. */
export async function findSigningSecret(dataDir: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (env.JWT_SECRET) return env.JWT_SECRET
  return readFile(secretFile(dataDir), 'utf8').catch(() => undefined)
}

/** As `findSigningSecret`, made on the first start. Undefined when tokens are verified with a public key: those are signed elsewhere. */
export async function getSigningSecret(dataDir: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const verifiedByPublicKey = env.JWT_PUBLIC_KEY || env.JWT_JWKS_URL
  if (!env.JWT_SECRET && verifiedByPublicKey) return undefined
  const found = await findSigningSecret(dataDir, env)
  if (found !== undefined) return found
  const secret = randomBytes(32).toString('base64url')
  await writeFile(secretFile(dataDir), secret, { mode: 0o600 })
  return secret
}

function secretFile(dataDir: string): string {
  return join(dataDir, 'jwt-secret')
}
