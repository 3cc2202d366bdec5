import { randomBytes, type KeyObject } from 'node:crypto'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import type { Log } from '../chat.js'
import { insertKey, listKeys, type KeyRow } from './data-keys.sql.js'
import { KeysUnavailable, type MasterKeys } from './master-keys.js'
import { OnceLog } from './once-log.js'

/** How long a destroyed key may still be used by a process that has it. */
const keysKeptForMs = 60_000
/** Conversations whose keys a process holds at most. */
const conversationsMax = 10_000
const dataKeyLength = 32

/** A key that seals and opens. */
export interface DataKey {
  version: number
  dataKey: KeyObject
}

/** `lost`: its master key is not known here, or it was changed in the database. */
export type KeyState = ({ kind: 'usable' } & DataKey) | { kind: 'shredded' } | { kind: 'lost' }

/** The keys of one conversation by their versions, as they were a moment ago. */
export interface Keyring {
  states: Map<number, KeyState>
  loadedAt: number
}

/** The keys of conversations, kept in memory for a minute. */
export class DataKeys {
  readonly #master: MasterKeys
  readonly #kept = new Map<string, Keyring>()
  readonly #loading = new Map<string, Promise<DataKey>>()
  readonly #once: OnceLog

  constructor(master: MasterKeys, log: Log) {
    this.#master = master
    this.#once = new OnceLog(log)
  }

  /** Lets go of what is known of a conversation. */
  forget(conversationId: string): void {
    this.#kept.delete(conversationId)
  }

  /** The keyrings of conversations, in one query for those that are not at hand with the version that is needed. */
  async find(db: Kysely<Tables>, needed: readonly { conversationId: string; version: number }[]): Promise<Map<string, Keyring>> {
    const found = new Map<string, Keyring>()
    const missing = new Set<string>()
    for (const { conversationId, version } of needed) {
      const keyring = this.#fresh(conversationId)
      if (keyring?.states.has(version)) found.set(conversationId, keyring)
      else missing.add(conversationId)
    }
    if (missing.size > 0) for (const [id, keyring] of await this.#load(db, [...missing])) found.set(id, keyring)
    return found
  }

  /**
   * The key that seals what is said in a conversation now; a new one if there is none.
   * @param admit is asked before a key is made, and may throw: for strangers none is.
   * @throws KeysUnavailable
   */
  async current(db: Kysely<Tables>, conversationId: string, admit: () => Promise<unknown>): Promise<DataKey> {
    const known = newestOf(this.#fresh(conversationId))
    if (known) return known
    // All who ask meanwhile wait for the same answer, so that they go on in the order in which they came.
    const loading = this.#loading.get(conversationId) ?? this.#loadCurrent(db, conversationId, admit)
    this.#loading.set(conversationId, loading)
    return loading
  }

  async #loadCurrent(db: Kysely<Tables>, conversationId: string, admit: () => Promise<unknown>): Promise<DataKey> {
    try {
      const keyring = (await this.#load(db, [conversationId])).get(conversationId)
      return newestOf(keyring) ?? (await this.#create(db, conversationId, admit))
    } finally {
      this.#loading.delete(conversationId)
    }
  }

  async #create(db: Kysely<Tables>, conversationId: string, admit: () => Promise<unknown>): Promise<DataKey> {
    await admit()
    const before = (await this.#load(db, [conversationId])).get(conversationId)
    // Somebody else may have made one meanwhile. If they do so from here on, both want the same version, and one of them gets it.
    const known = newestOf(before)
    if (known) return known
    const version = Math.max(0, ...(before?.states.keys() ?? [])) + 1
    await insertKey(db, { ...(await this.#master.wrap(randomBytes(dataKeyLength), { conversationId, version })), conversationId, version })
    const key = newestOf((await this.#load(db, [conversationId])).get(conversationId))
    if (!key) throw new KeysUnavailable('the key of a conversation could not be made')
    return key
  }

  #fresh(conversationId: string): Keyring | undefined {
    const keyring = this.#kept.get(conversationId)
    return keyring && Date.now() - keyring.loadedAt < keysKeptForMs ? keyring : undefined
  }

  async #load(db: Kysely<Tables>, conversationIds: readonly string[]): Promise<Map<string, Keyring>> {
    const loadedAt = Date.now()
    const keyrings = new Map(conversationIds.map((id) => [id, { states: new Map<number, KeyState>(), loadedAt }]))
    const rows = await listKeys(db, conversationIds)
    const states = await Promise.all(rows.map((row) => this.#stateOf(row)))
    rows.forEach(({ conversation_id, version }, n) => keyrings.get(conversation_id)?.states.set(version, states[n] ?? { kind: 'lost' }))
    for (const [id, keyring] of keyrings) this.#keep(id, keyring)
    return keyrings
  }

  #keep(conversationId: string, keyring: Keyring): void {
    // Behind all others: the one in front was loaded the longest ago.
    this.#kept.delete(conversationId)
    this.#kept.set(conversationId, keyring)
    for (const id of this.#kept.keys()) {
      if (this.#kept.size <= conversationsMax) return
      this.#kept.delete(id)
    }
  }

  async #stateOf({ conversation_id: conversationId, version, wrapped, master_key: masterKey }: KeyRow): Promise<KeyState> {
    if (wrapped === null) return { kind: 'shredded' }
    // A key never changes while it is there, only its wrapping does: whoever has it need not ask a key service again.
    const known = this.#kept.get(conversationId)?.states.get(version)
    if (known?.kind === 'usable') return known
    const unwrapping = await this.#master.unwrap({ wrapped, masterKey }, { conversationId, version })
    if (unwrapping.kind === 'unwrapped') return { kind: 'usable', version, dataKey: unwrapping.dataKey }
    this.#once.error(
      `${conversationId} ${version}`,
      { conversationId, version, masterKey, reason: unwrapping.kind },
      'the key of a conversation cannot be used: its messages are shown without content',
    )
    return { kind: 'lost' }
  }
}

/**
 * Undefined when all were destroyed, or none was made: then there is to be a new one.
 * @throws KeysUnavailable when the newest is lost. Another one would hide that master keys are missing.
 */
function newestOf(keyring: Keyring | undefined): DataKey | undefined {
  if (!keyring || keyring.states.size === 0) return undefined
  const newest = keyring.states.get(Math.max(...keyring.states.keys()))
  if (newest?.kind === 'lost') throw new KeysUnavailable('the key of a conversation cannot be used')
  return newest?.kind === 'usable' ? newest : undefined
}
