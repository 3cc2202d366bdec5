import { readFileSync } from 'node:fs'
import type { Settings } from './settings.js'

/** The text of `REDIS_CA_FILE`. */
export function readRedisCa(settings: Settings): string | undefined {
  const path = settings.text('REDIS_CA_FILE')
  if (path === undefined) return undefined
  if (!settings.text('REDIS_URL')?.startsWith('rediss:'))
    settings.report('REDIS_CA_FILE', 'is set, but REDIS_URL does not begin with rediss://')
  return readPem(settings, 'REDIS_CA_FILE', path)
}

/** Encryption without a look at the certificate protects from nobody who can stand in between: it is refused, whatever asks for it. */
export function requireVerifiedTls(settings: Settings): void {
  if (settings.text('NODE_TLS_REJECT_UNAUTHORIZED') === '0')
    settings.report('NODE_TLS_REJECT_UNAUTHORIZED', 'must not be 0: name the authority with sslrootcert or REDIS_CA_FILE instead')
  for (const name of ['DATABASE_URL', 'DATABASE_REPLICA_URL']) requireVerifiedMode(settings, name)
}

function requireVerifiedMode(settings: Settings, name: string): void {
  const url = settings.text(name) ?? ''
  if (!URL.canParse(url)) return
  const query = new URL(url).searchParams
  const mode = query.get('sslmode')
  if (mode !== null && mode !== 'verify-full' && mode !== 'disable')
    settings.report(name, `sslmode must be verify-full (or disable), but is "${mode}"`)
  const rootFile = query.get('sslrootcert')
  if (rootFile !== null) readPem(settings, name, rootFile)
}

function readPem(settings: Settings, name: string, path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text
    settings.report(name, `${path} holds no certificate in PEM form`)
  } catch {
    settings.report(name, `${path} cannot be read`)
  }
  return undefined
}
