import { pathToFileURL } from 'node:url'

/** Whose key is wrapped. The same is given for wrapping and unwrapping, and is to be bound to what is wrapped (KMS: encryption context). */
export interface KeyContext {
  conversationId: string
  /** Counts the keys of a conversation from 1: after one was destroyed there is another. */
  version: number
}

/**
 * What the module of `CONTENT_KEY_MODULE` exports: master keys that somebody else keeps, as a key management service does. Either function
 * may take up to five seconds; one that rejects, or takes longer, counts as a service that is away: callers are told to try again.
 */
export interface ContentKeyModule {
  /**
   * Encrypts a data key by the newest master key.
   * @returns the name of that master key as well, 1–200 characters; rotation looks for keys that were wrapped under another name.
   */
  wrapKey(dataKey: Uint8Array, context: KeyContext): Promise<{ wrapped: Uint8Array; masterKey: string }>
  /** The data key again; undefined when its master key is gone for good: what it sealed is then shown as lost. */
  unwrapKey(wrapped: Uint8Array, context: KeyContext & { masterKey: string }): Promise<Uint8Array | undefined>
}

/** The module cannot be loaded, or is not what it should be. The message is a line for the person who configured it. */
export class UnusableKeyModule extends Error {}

/** @throws UnusableKeyModule */
export async function loadContentKeyModule(path: string): Promise<ContentKeyModule> {
  const loaded: unknown = await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw new UnusableKeyModule(`CONTENT_KEY_MODULE: ${path} cannot be loaded: ${firstLine(error)}`)
  })
  if (!isKeyModule(loaded)) throw new UnusableKeyModule(`CONTENT_KEY_MODULE: ${path} must export the functions wrapKey and unwrapKey`)
  return loaded
}

function isKeyModule(loaded: unknown): loaded is ContentKeyModule {
  if (typeof loaded !== 'object' || loaded === null) return false
  return 'wrapKey' in loaded && typeof loaded.wrapKey === 'function' && 'unwrapKey' in loaded && typeof loaded.unwrapKey === 'function'
}

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
