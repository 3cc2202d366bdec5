import pg from 'pg'
import type { Log } from '../chat.js'
import { isUnavailable } from '../faults.js'
import { Refusal } from '../refusal.js'
import { findStored, storeBatch, writerSettings, type Draft, type SentRow } from './send-statement.js'

/** What became of a send. `unknown_reply`: it is stored, but the answer was lost with a connection: read it again. */
export type SendOutcome = { kind: 'judged'; row: SentRow } | { kind: 'stored_unseen' }

/**
 * Coalesces sends: while one flush is under way, those that arrive wait and go as one statement. There is no timer: an idle process
 * flushes at once. One connection per process, since several writing one conversation would wait for each other.
 */
export interface SendQueue {
  /** Stores a message. Rejects when the database is away; then it is not stored, or is safe to send again with its client id. */
  send(draft: Draft): Promise<SendOutcome>
  /** Finishes what waits, then closes the connection. */
  close(): Promise<void>
}

interface Waiting {
  draft: Draft
  /** Whether a flush with this draft lost its connection: it may be stored. */
  uncertain: boolean
  attempts: number
  resolve(outcome: SendOutcome): void
  reject(error: unknown): void
}

const batchMax = 64
const attemptsMax = 20
// More than this means that the database cannot follow: say so at once instead of letting everyone wait.
const waitingMax = 20_000

export function createSendQueue({ databaseUrl, log }: { databaseUrl: string; log: Log }): SendQueue {
  const waiting: Waiting[] = []
  let client: pg.Client | undefined
  let flushing: Promise<void> | undefined
  let closed = false

  function send(draft: Draft): Promise<SendOutcome> {
    if (closed || waiting.length >= waitingMax) return Promise.reject(new Refusal('UNAVAILABLE', { retryAfterS: 1 }))
    return new Promise((resolve, reject) => {
      waiting.push({ draft, uncertain: false, attempts: 0, resolve, reject })
      flushing ??= flushAll().finally(() => (flushing = undefined))
    })
  }

  async function flushAll(): Promise<void> {
    // Sends of the same turn of the event loop go together.
    await Promise.resolve()
    while (waiting.length > 0) await flush(takeBatch(waiting))
  }

  async function flush(batch: Waiting[]): Promise<void> {
    try {
      const writer = await connected()
      const open = await withoutStored(writer, batch)
      if (open.length > 0) settle(open, await storeBatch(writer, open.map(({ draft }) => draft)))
    } catch (error) {
      await recover(batch, error)
    }
  }

  /** Resolves those that an earlier flush stored before its connection was lost; returns the others. */
  async function withoutStored(writer: pg.Client, batch: Waiting[]): Promise<Waiting[]> {
    const uncertain = batch.filter((item) => item.uncertain)
    if (uncertain.length === 0) return batch
    const stored = await findStored(writer, uncertain.map(({ draft }) => draft))
    for (const item of uncertain) if (stored.has(item.draft.id)) item.resolve({ kind: 'stored_unseen' })
    return batch.filter((item) => !stored.has(item.draft.id))
  }

  function settle(batch: Waiting[], rows: readonly SentRow[]): void {
    const again: Waiting[] = []
    for (const row of rows) {
      const item = batch[row.n]
      if (!item) continue
      if (row.verdict === 'RETRY') again.push(item)
      else item.resolve({ kind: 'judged', row })
    }
    requeue(again)
  }

  async function recover(batch: Waiting[], error: unknown): Promise<void> {
    const state = error instanceof pg.DatabaseError ? error.code : undefined
    // Another process stored the same client id while this statement waited: the next one sees it.
    if (state === '23505') return requeue(batch)
    if (state !== undefined && !isConnectionLost(state)) return apart(batch, error)
    await disconnect()
    for (const item of batch) item.uncertain = true
    if (isUnavailable(error)) return requeue(batch, error)
    for (const item of batch) item.reject(error)
  }

  /** One bad or blocked draft must not fail its neighbours: each goes alone, and meets its own error. */
  async function apart(batch: Waiting[], error: unknown): Promise<void> {
    if (batch.length > 1) for (const item of batch) await flush([item])
    else for (const item of batch) item.reject(error)
  }

  function requeue(batch: Waiting[], error: unknown = new Refusal('UNAVAILABLE', { retryAfterS: 1 })): void {
    const again = batch.filter((item) => {
      const given = ++item.attempts < attemptsMax && !(item.uncertain && item.attempts > 1)
      if (!given) item.reject(error)
      return given
    })
    waiting.unshift(...again)
  }

  async function connected(): Promise<pg.Client> {
    if (client) return client
    const fresh = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 2000, statement_timeout: 5000, lock_timeout: 2000 })
    fresh.on('error', (error) => {
      log.warn({ err: error }, 'the connection for sends was lost')
      if (client === fresh) client = undefined
    })
    await fresh.connect()
    await fresh.query(writerSettings)
    client = fresh
    return fresh
  }

  async function disconnect(): Promise<void> {
    const lost = client
    client = undefined
    await lost?.end().catch(() => undefined)
  }

  async function close(): Promise<void> {
    closed = true
    await flushing
    await disconnect()
  }

  return { send, close }
}

/** The next batch: the longest waiting first. Two sends with one client id never share a batch; the second finds the first stored. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  const batch: Waiting[] = []
  const later: Waiting[] = []
  const keys = new Set<string>()
  while (waiting.length > 0 && batch.length < batchMax) {
    const item = waiting.shift()
    if (!item) break
    const { conversationId, senderId, clientMessageId } = item.draft
    const key = clientMessageId === null ? undefined : `${conversationId} ${senderId} ${clientMessageId}`
    if (key !== undefined && keys.has(key)) later.push(item)
    else batch.push(item)
    if (key !== undefined) keys.add(key)
  }
  waiting.unshift(...later)
  return batch
}

// 57P01–57P03: the server ended the session.
const isConnectionLost = (state: string) => state.startsWith('08') || state.startsWith('57P')
