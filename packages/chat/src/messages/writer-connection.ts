import pg from 'pg'
import type { Log } from '../chat.js'
import { writerSettings } from './send-statement.js'

/** The one connection on which a process stores messages. Opened when it is first needed, and again after it was lost. */
export class WriterConnection {
  readonly #databaseUrl: string
  readonly #log: Log
  #client: pg.Client | undefined
  #opening: Promise<pg.Client> | undefined

  constructor(databaseUrl: string, log: Log) {
    this.#databaseUrl = databaseUrl
    this.#log = log
  }

  /** Rejects while the database is away. */
  async open(): Promise<pg.Client> {
    if (this.#client) return this.#client
    this.#opening ??= this.#connect().finally(() => (this.#opening = undefined))
    return this.#opening
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#databaseUrl,
      connectionTimeoutMillis: 2000,
      statement_timeout: 5000,
      query_timeout: 6000,
      lock_timeout: 2000,
      // What is asked goes at once and is answered in its order, each statement in a transaction of its own.
      pipeline: true,
    })
    client.on('error', (error) => this.#forget(client, error))
    await client.connect()
    await client.query(writerSettings)
    this.#client = client
    return client
  }

  /** Says goodbye to the server. */
  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => undefined)
  }

  /** Lets go of a connection that failed, without waiting: a frozen server would not even say goodbye. */
  abandon(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined
    client.end().catch(() => undefined)
  }

  #forget(client: pg.Client, error: Error): void {
    this.#log.warn({ err: error }, 'the connection for sends was lost')
    if (this.#client === client) this.#client = undefined
  }
}
