import { setTimeout as delay } from 'node:timers/promises'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import type { Log } from '../chat.js'
import { UnusableKeyModule } from './content-key-module.js'
import { DataKeys, type Keyring } from './data-keys.js'
import { listSampleKeys } from './data-keys.sql.js'
import { MasterKeys, type MasterKeyOptions } from './master-keys.js'
import { OnceLog } from './once-log.js'
import { keyVersionOf, openContent, sealContent, type Said, type SealedPlace } from './sealed-content.js'

export interface ContentEncryption extends MasterKeyOptions {
  /** Whether what is sent is sealed. Without it and with keys, what was sealed is opened. */
  seals: boolean
}

/** What was said, as it is stored. */
export interface SealedMessage {
  bytes: Buffer
  /** Of the conversation's key. */
  keyVersion: number
}

/** Something to open: where it stands, and the bytes of it. */
export interface SealedItem extends SealedPlace {
  sealed: Buffer
}

const startWaitMs = 2000

/** Seals and opens what people say, with a key for each conversation. */
export class ContentCipher {
  /** Whether what is sent is sealed. */
  readonly seals: boolean
  /** Whether there is any master key: then pages that may hold what was sealed are not to be kept anywhere. */
  readonly hasKeys: boolean
  readonly #master: MasterKeys
  readonly #keys: DataKeys
  readonly #log: Log
  readonly #once: OnceLog

  constructor({ seals, ...options }: ContentEncryption, log: Log) {
    this.#master = new MasterKeys(options)
    this.#keys = new DataKeys(this.#master, log)
    this.#log = log
    this.#once = new OnceLog(log)
    this.seals = seals
    this.hasKeys = this.#master.areGiven
  }

  /**
   * Seals a message by the newest key of its conversation, which is made if there is none and `admit` does not throw.
   * @throws KeysUnavailable
   */
  async seal(db: Kysely<Tables>, place: SealedPlace, said: Said, admit: () => Promise<unknown>): Promise<SealedMessage> {
    const key = await this.#keys.current(db, place.conversationId, admit)
    return { bytes: sealContent(key, place, said), keyVersion: key.version }
  }

  /**
   * Opens messages; undefined stands for each that cannot be read: its key was destroyed or is lost, or the bytes are not those that were
   * sealed in this place.
   * @throws KeysUnavailable while a key service is away.
   */
  async open(db: Kysely<Tables>, items: readonly SealedItem[]): Promise<(Said | undefined)[]> {
    const versions = items.map(({ sealed }) => keyVersionOf(sealed))
    const needed = items.flatMap(({ conversationId }, n) => {
      const version = versions[n]
      return version === undefined ? [] : [{ conversationId, version }]
    })
    const keyrings = await this.#keys.find(db, needed)
    return items.map((item, n) => this.#openOne(item, versions[n], keyrings.get(item.conversationId)))
  }

  /** The next use of the conversation's keys asks the database. */
  forget(conversationId: string): void {
    this.#keys.forget(conversationId)
  }

  /**
   * What is wrong with the master keys, a line for each problem: one that is missing, or not the one it is said to be. Whether those in the database can be unwrapped is not
   * known while it, or the key service, is away.
   */
  async findProblems(db: Kysely<Tables>): Promise<string[]> {
    try {
      await this.#master.load()
      const late = delay(startWaitMs, undefined, { ref: false }).then(() => Promise.reject(new Error('no answer in time')))
      return await Promise.race([this.#findUnusableKeys(db), late])
    } catch (error) {
      if (error instanceof UnusableKeyModule) return [error.message]
      this.#log.warn({ err: error }, 'the master keys of encrypted content could not be checked')
      return []
    }
  }

  async #findUnusableKeys(db: Kysely<Tables>): Promise<string[]> {
    const samples = await listSampleKeys(db)
    const unwrapped = await Promise.all(
      samples.map(({ conversation_id: conversationId, version, wrapped, master_key: masterKey }) =>
        this.#master.unwrap({ wrapped, masterKey }, { conversationId, version }),
      ),
    )
    return samples.flatMap(({ master_key }, n) => problemOf(master_key, unwrapped[n]?.kind))
  }

  #openOne(item: SealedItem, version: number | undefined, keyring: Keyring | undefined): Said | undefined {
    const key = version === undefined ? undefined : keyring?.states.get(version)
    if (key?.kind === 'shredded') return undefined
    const said = key?.kind === 'usable' ? openContent(key, item, item.sealed) : undefined
    // A key that is lost was told when it was looked for.
    if (!said && key?.kind !== 'lost') this.#tellUnreadable(item, key ? 'not_sealed_here' : 'no_such_key')
    return said
  }

  #tellUnreadable({ conversationId, messageId }: SealedPlace, reason: string): void {
    this.#once.error(messageId, { conversationId, messageId, reason }, 'a message cannot be opened: it is shown without content')
  }
}

function problemOf(masterKey: string, kind: 'unwrapped' | 'unknown_master_key' | 'broken' | undefined): string[] {
  if (kind === 'unwrapped') return []
  const name = JSON.stringify(masterKey)
  if (masterKey.startsWith('module/')) return [`CONTENT_KEY_MODULE: does not unwrap keys of ${name}, which messages are encrypted by`]
  if (kind === 'broken') return [`CONTENT_KEYS: ${name} is not the key of that name which messages are encrypted by`]
  return [`CONTENT_KEYS: has no key ${name}, which messages are encrypted by`]
}
