import pg from 'pg'
import type { Log } from '../chat.js'
import { isUnavailable } from '../faults.js'
import type { Measures } from '../measures/metrics.js'
import { senderAlone } from '../receipts/readers.js'
import { Refusal } from '../refusal.js'
import { KnownSenders, type KnownConversation } from './known-senders.js'
import { toMessage, type MessageRow } from './message-row.js'
import { findStored, storeBatch, type Draft, type SentRow } from './send-statement.js'
import { storeKnownBatch } from './send-statement-known.js'
import { takeBatch, type SendOutcome, type WaitingSend } from './waiting-sends.js'
import { WriterConnection } from './writer-connection.js'
import { writeMessage, type WrittenMessage } from './written-message.js'

export interface SendQueueOptions {
  databaseUrl: string
  log: Log
  measures: Measures
  /** Whether messages are noted for those who decide on pushes. */
  pushes: boolean
  /** Whether each batch leaves a row in the audit log. */
  audited: boolean
  /** Present where content may be sealed: opens what was quoted. */
  openQuotes?(drafts: readonly Draft[], rows: readonly SentRow[]): Promise<SentRow[]>
  /** Rows of the outbox that the next statement may delete. */
  takeTold(): string[]
  /** Called once for each flush, before its callers are answered, in order of seq. */
  announce(outboxId: string, messages: readonly WrittenMessage[]): void
}

const attemptsMax = 20
const togetherMax = 3
// One waits at the database while it works on the other.
const flushesMax = 2
// Fewer wait until nothing is under way: a statement has its price, however little it stores.
const aheadMin = 48
// More than this means that the database cannot follow: say so at once instead of letting everyone wait.
const waitingMax = 20_000

/**
 * Coalesces sends: while one flush is under way, those that arrive wait and go as one statement. There is no timer: an idle process
 * flushes at once. One connection per process, since several writing one conversation would wait for each other. Under load the next
 * statement is on it already when the database is done with one, so that it does not wait for this process.
 */
export class SendQueue {
  readonly #waiting: WaitingSend[] = []
  readonly #connection: WriterConnection
  /** Whose sends are under way: none of theirs may overtake another, even if that has to be tried again. */
  readonly #sending = new Set<string>()
  readonly #known = new WeakMap<pg.Client, KnownSenders>()
  #underWay = 0
  /** Once every flush that has begun has answered its callers, in the order of their beginning. */
  #answered = Promise.resolve()
  #isPlanned = false
  #closed = false

  readonly #options: SendQueueOptions

  constructor(options: SendQueueOptions) {
    this.#options = options
    this.#connection = new WriterConnection(options.databaseUrl, options.log)
  }

  /** Stores a message. Rejects while the database is away; then it is not stored, or is safe to send again with its client id. */
  send(draft: Draft): Promise<SendOutcome> {
    if (this.#closed || this.#waiting.length >= waitingMax) return Promise.reject(unavailable())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ draft, uncertain: false, attempts: 0, resolve, reject })
      this.#plan()
    })
  }

  /** How many sends wait for their flush. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Finishes what waits, then closes the connection. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#waiting.length > 0 || this.#underWay > 0) await this.#answered
    await this.#connection.close()
  }

  /** Sends of the same turn of the event loop go together. */
  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    queueMicrotask(() => {
      this.#isPlanned = false
      this.#begin()
    })
  }

  #begin(): void {
    while (this.#waiting.length > 0 && this.#underWay < flushesMax) {
      const batch = takeBatch(this.#waiting, this.#sending, this.#underWay === 0 ? 1 : aheadMin)
      if (batch.length === 0) return
      this.#underWay++
      for (const { draft } of batch) this.#sending.add(draft.senderId)
      const flushed = this.#flush(batch)
      this.#answered = this.#answered
        .then(() => flushed)
        .then((answer) => {
          this.#underWay--
          for (const { draft } of batch) this.#sending.delete(draft.senderId)
          // First, so that the database does not wait until all callers are answered.
          this.#begin()
          answer()
        })
    }
  }

  /** Resolves with what answers the callers. */
  async #flush(batch: readonly WaitingSend[]): Promise<() => void> {
    let client: pg.Client | undefined
    try {
      client = await this.#connection.open()
      const open = await withoutStored(client, batch)
      if (open.length === 0) return nothing
      const rows = await this.#store(client, open)
      this.#requeueChanged(open, rows)
      return () => this.#settle(open, rows)
    } catch (error) {
      await this.#recover(batch, error, client)
      return nothing
    }
  }

  async #store(client: pg.Client, batch: readonly WaitingSend[]): Promise<SentRow[]> {
    const { audited, measures, openQuotes, pushes, takeTold } = this.#options
    const drafts = batch.map(({ draft }) => draft)
    measures.sendBatch(drafts.length)
    const startedAt = performance.now()
    try {
      const options = { told: takeTold(), pushes, audited }
      if (openQuotes) return await openQuotes(drafts, await storeBatch(client, drafts, { ...options, mayBeSealed: true }))
      const known = this.#knownOf(client)
      const conversations = conversationsOf(batch, known)
      const rows = conversations ? await storeKnownBatch(client, drafts, conversations, options) : await storeBatch(client, drafts, options)
      for (const row of rows) {
        const draft = drafts[row.n]
        if (draft) known.learn(draft, row)
      }
      return rows
    } catch (error) {
      measures.queryFailures(1, { statement })
      throw error
    } finally {
      measures.querySeconds((performance.now() - startedAt) / 1000, { statement })
    }
  }

  #knownOf(client: pg.Client): KnownSenders {
    let known = this.#known.get(client)
    if (!known) this.#known.set(client, (known = new KnownSenders()))
    return known
  }

  #settle(batch: readonly WaitingSend[], rows: readonly SentRow[]): void {
    const messages = rows.map((row) => sentMessage(batch[row.n], row))
    const sent = messages.filter((message) => message !== undefined)
    const outboxId = rows[0]?.outbox_id
    this.#options.measures.messagesStored(sent.length)
    if (outboxId) {
      this.#options.log.debug({ outboxId, requestIds: requestIdsOf(batch) }, 'messages are stored')
      this.#options.announce(outboxId, sent)
    }
    for (const [i, row] of rows.entries()) {
      const item = batch[row.n]
      const message = messages[i]
      if (message) item?.resolve({ kind: 'sent', sent: message })
      else if (!isToBeTriedAgain(row)) item?.resolve({ kind: 'refused', row })
    }
  }

  #requeueChanged(batch: readonly WaitingSend[], rows: readonly SentRow[]): void {
    const again = rows.filter(isToBeTriedAgain).flatMap(({ n }) => batch[n] ?? [])
    if (again.length > 0) this.#requeue(again, unavailable())
  }

  async #recover(batch: readonly WaitingSend[], error: unknown, client: pg.Client | undefined): Promise<void> {
    const state = error instanceof pg.DatabaseError ? error.code : undefined
    // Another process stored the same client id while this statement waited: the next one sees it.
    // In a large batch there may be another one each time, for as long as two processes get the same ids: then each goes alone, and meets only its own.
    if (state === '23505') return isStubborn(batch) ? this.#apart(batch, error) : this.#requeue(batch, unavailable())
    if (state !== undefined && !isConnectionLost(state)) return this.#apart(batch, error)
    if (client) this.#connection.abandon(client)
    for (const item of batch) item.uncertain = true
    if (isUnavailable(error))
      return this.#requeue(
        batch.filter((item) => item.attempts === 0 || reject(item, error)),
        error,
      )
    for (const item of batch) reject(item, error)
  }

  /** One bad or blocked draft must not fail its neighbours: each goes alone, and meets its own error. */
  async #apart(batch: readonly WaitingSend[], error: unknown): Promise<void> {
    if (batch.length > 1) for (const item of batch) (await this.#flush([item]))()
    else for (const item of batch) reject(item, error)
  }

  #requeue(batch: readonly WaitingSend[], error: unknown): void {
    this.#waiting.unshift(...batch.filter((item) => ++item.attempts < attemptsMax || reject(item, error)))
  }
}

/** Resolves those that an earlier flush stored before its connection was lost; returns the others. */
async function withoutStored(client: pg.Client, batch: readonly WaitingSend[]): Promise<readonly WaitingSend[]> {
  const uncertain = batch.filter((item) => item.uncertain)
  if (uncertain.length === 0) return batch
  const stored = await findStored(
    client,
    uncertain.map(({ draft }) => draft),
  )
  for (const item of uncertain) if (stored.has(item.draft.id)) item.resolve({ kind: 'stored_unseen' })
  return batch.filter((item) => !stored.has(item.draft.id))
}

/** Those of all drafts; undefined when one of them has to be judged. */
function conversationsOf(batch: readonly WaitingSend[], known: KnownSenders): KnownConversation[] | undefined {
  const conversations: KnownConversation[] = []
  for (const { draft, attempts } of batch) {
    const conversation = attempts === 0 && draft.parentMessageId === null ? known.conversationOf(draft) : undefined
    if (!conversation) return undefined
    conversations.push(conversation)
  }
  return conversations
}

const isToBeTriedAgain = ({ verdict }: SentRow) => verdict === 'RETRY' || verdict === 'JUDGE'
const nothing = () => undefined
const statement = 'store-batch'
const isStubborn = (batch: readonly WaitingSend[]) => batch.length > 1 && batch.some(({ attempts }) => attempts >= togetherMax)
const requestIdsOf = (batch: readonly WaitingSend[]) => batch.map(({ draft }) => draft.requestId)

function sentMessage(item: WaitingSend | undefined, row: SentRow): WrittenMessage | undefined {
  return item && row.verdict === 'SENT' ? writeMessage(toMessage(toMessageRow(item.draft, row), senderAlone)) : undefined
}

// Field by field: taking the rest of an object apart was a twentieth of a gateway's time under load.
function toMessageRow(draft: Draft, row: SentRow): MessageRow {
  const createdAt = new Date(row.created_ms)
  return {
    id: draft.id,
    conversation_id: draft.conversationId,
    seq: row.seq ?? '',
    sender_id: draft.senderId,
    parent_message_id: draft.parentMessageId,
    message_type: draft.messageType,
    content: draft.content,
    metadata: draft.sealed ? (JSON.parse(draft.metadata) as Record<string, unknown>) : (row.metadata ?? {}),
    client_message_id: draft.clientMessageId,
    is_edited: false,
    is_deleted: false,
    created_at: createdAt,
    updated_at: createdAt,
    first_name: row.first_name,
    last_name: row.last_name,
    avatar_url: row.avatar_url,
    role: row.role,
    parent_seq: row.parent_seq ?? null,
    parent_sender_id: row.parent_sender_id ?? null,
    parent_type: row.parent_type ?? null,
    parent_content: row.parent_content ?? null,
    parent_deleted: row.parent_deleted ?? null,
  }
}

function reject(item: WaitingSend, error: unknown): false {
  item.reject(error)
  return false
}

const unavailable = () => new Refusal('UNAVAILABLE', { retryAfterS: 1 })
// 57P01–57P03: the server ended the session.
const isConnectionLost = (state: string) => state.startsWith('08') || state.startsWith('57P')
