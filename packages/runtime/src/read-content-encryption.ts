import { resolve } from 'node:path'
import { Settings, type Environment } from './settings.js'

/** Whether and with which keys the content of messages is encrypted where it lies. */
export interface ContentEncryptionConfig {
  /**
   * `CONTENT_ENCRYPTION`: `on` encrypts what is sent from now on. With keys and `off`, the default, what is encrypted can be read, and nothing
   * new is: so processes are told the keys before the first of them encrypts.
   */
  readonly seals: boolean
  /** `CONTENT_KEYS`: master keys as `name:base64`, comma-separated. The first wraps new keys, unless a module does; the others only unwrap. */
  readonly keys: readonly ContentKey[]
  /** `CONTENT_KEY_MODULE`: the path of a module that wraps and unwraps, as a key management service does; absolute here. */
  readonly modulePath?: string
}

export interface ContentKey {
  /** 1–64 of letters, digits, dots, hyphens and underscores; kept beside what the key wraps. */
  readonly name: string
  /** 32 bytes in base64. */
  readonly secret: string
}

const KEY_BYTES = 32

export function readContentEncryption(settings: Settings): ContentEncryptionConfig {
  const seals = settings.choice('CONTENT_ENCRYPTION', ['on', 'off'], 'off') === 'on'
  const keys = settings.list('CONTENT_KEYS').flatMap((entry, n) => readKey(settings, entry, n + 1))
  const twice = keys.find(({ name }, n) => keys.findIndex((other) => other.name === name) !== n)
  if (twice) settings.report('CONTENT_KEYS', `has two keys of the name ${JSON.stringify(twice.name)}`)
  const module = settings.text('CONTENT_KEY_MODULE')
  if (seals && settings.list('CONTENT_KEYS').length === 0 && module === undefined)
    settings.report('CONTENT_KEYS', 'is missing (or set CONTENT_KEY_MODULE), but CONTENT_ENCRYPTION is on')
  return { seals, keys, ...(module !== undefined && { modulePath: resolve(module) }) }
}

/**
 * The same for a command that needs nothing else of the configuration.
 * @throws ConfigError with every problem at once, one line each.
 */
export function readContentEncryptionFrom(env: Environment): ContentEncryptionConfig {
  const settings = new Settings(env)
  const config = readContentEncryption(settings)
  settings.requireNoProblems()
  return config
}

/** Problems name a key by its place: what looks like a name may be a part of a secret. */
function readKey(settings: Settings, entry: string, place: number): ContentKey[] {
  const [, name, secret] = /^([\w.-]{1,64}):([A-Za-z0-9+/_-]+={0,2})$/.exec(entry) ?? []
  if (name === undefined || secret === undefined) {
    settings.report('CONTENT_KEYS', `key ${place} must be name:base64, the name of 1 to 64 letters, digits, dots, hyphens and underscores`)
    return []
  }
  const bytes = Buffer.from(secret, 'base64').length
  if (bytes === KEY_BYTES) return [{ name, secret }]
  settings.report('CONTENT_KEYS', `key ${place} must be ${KEY_BYTES} bytes in base64 (openssl rand -base64 32), but has ${bytes}`)
  return []
}
