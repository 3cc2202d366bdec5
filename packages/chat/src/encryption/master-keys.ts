import { createSecretKey, type KeyObject } from 'node:crypto'
import { loadContentKeyModule, type ContentKeyModule, type KeyContext } from './content-key-module.js'
import { decrypt, encrypt } from './gcm.js'

export interface MasterKeyOptions {
  /** Of the environment. The first wraps, unless a module does; all unwrap. */
  keys: readonly { name: string; /** 32 bytes in base64. */ secret: string }[]
  /** Path of a `ContentKeyModule`; absolute. */
  modulePath?: string
}

/** A data key as it is stored. */
export interface WrappedKey {
  wrapped: Buffer
  /** The name of the master key; those of a module begin with `module/`, which no name of the environment can. */
  masterKey: string
}

/** `broken`: the master key of that name is not the one that wrapped it, or somebody changed what is stored. */
export type Unwrapping = { kind: 'unwrapped'; dataKey: KeyObject } | { kind: 'unknown_master_key' } | { kind: 'broken' }

/** The key service did not answer, or no key can be had to seal with: for now, what needs it is unavailable. */
export class KeysUnavailable extends Error {}

const dataKeyLength = 32
const moduleTimeoutMs = 5000
const ofModule = 'module/'

/** The keys that wrap the keys of conversations. They are never in the database. */
export class MasterKeys {
  readonly #keys: ReadonlyMap<string, KeyObject>
  readonly #modulePath: string | undefined
  #module: Promise<ContentKeyModule> | undefined

  constructor({ keys, modulePath }: MasterKeyOptions) {
    this.#keys = new Map(keys.map(({ name, secret }) => [name, createSecretKey(secret, 'base64')]))
    this.#modulePath = modulePath
  }

  get areGiven(): boolean {
    return this.#keys.size > 0 || this.#modulePath !== undefined
  }

  /**
   * Loads the module, where there is one.
   * @throws UnusableKeyModule
   */
  async load(): Promise<ContentKeyModule | undefined> {
    if (this.#modulePath === undefined) return undefined
    return (this.#module ??= loadContentKeyModule(this.#modulePath))
  }

  /**
   * Wraps by the newest master key.
   * @throws KeysUnavailable
   */
  async wrap(dataKey: Buffer, context: KeyContext): Promise<WrappedKey> {
    const module = await this.load()
    if (module) {
      const { wrapped, masterKey } = await answerOf(module.wrapKey(dataKey, context))
      return { wrapped: Buffer.from(wrapped), masterKey: ofModule + masterKey }
    }
    const [first] = this.#keys
    if (!first) throw new KeysUnavailable('there is no master key to wrap with')
    const [masterKey, key] = first
    return { wrapped: encrypt(key, dataKey, bindingOf(context)), masterKey }
  }

  /** @throws KeysUnavailable while the key service is away. */
  async unwrap({ wrapped, masterKey }: WrappedKey, context: KeyContext): Promise<Unwrapping> {
    if (masterKey.startsWith(ofModule)) return this.#unwrapByModule({ wrapped, masterKey: masterKey.slice(ofModule.length) }, context)
    const key = this.#keys.get(masterKey)
    if (!key) return { kind: 'unknown_master_key' }
    return asDataKey(decrypt(key, wrapped, bindingOf(context)))
  }

  async #unwrapByModule({ wrapped, masterKey }: WrappedKey, context: KeyContext): Promise<Unwrapping> {
    const module = await this.load()
    if (!module) return { kind: 'unknown_master_key' }
    return asDataKey(await answerOf(module.unwrapKey(wrapped, { ...context, masterKey })))
  }
}

const bindingOf = ({ conversationId, version }: KeyContext) => `viatra-chat key ${conversationId} ${version}`

function asDataKey(bytes: Uint8Array | undefined): Unwrapping {
  if (bytes?.length !== dataKeyLength) return { kind: 'broken' }
  return { kind: 'unwrapped', dataKey: createSecretKey(bytes) }
}

async function answerOf<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), moduleTimeoutMs)
  })
  try {
    return await Promise.race([asked, late])
  } catch (error) {
    throw new KeysUnavailable('the key service is away', { cause: error })
  } finally {
    clearTimeout(timer)
  }
}
