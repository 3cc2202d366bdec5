import type { EventName, EventPayload, Message, SharedConversation, SyncPage } from '@viatra-chat/contract'
import type { Random } from '../random.js'
import type { History } from '../history.js'
import { askRest, type RestCall, type RestOutcome } from './ask-rest.js'
import { GatewayLink } from './gateway-link.js'
import { KnownConversation } from './known-conversation.js'
import type { ReceiptKind } from './known-receipts.js'

/** Somebody with an account. */
export interface Account {
  id: string
  name: string
  token: string
}

export interface Place {
  apis: readonly string[]
  gateways: readonly string[]
  history: History
}

// Messages of senders on different instances may cross by milliseconds: not every gap is a loss.
const gapPatienceMs = 300
const retryMs = 200
const pageSizes = [20, 50, 200]

/**
 * One device of one person. It joins its conversations and remembers what it hears; after every connect, when it is told to
 * resync, and when a seq is missing, it asks for what it missed. It never asks for any other reason: what the product loses
 * without a sign stays lost here.
 */
export class VirtualClient {
  readonly known = new Map<string, KnownConversation>()
  readonly account: Account
  readonly link: GatewayLink
  readonly #place: Place
  readonly #random: Random
  #since: string | undefined
  /** Conversations that are new to this client: their history is still to be read. */
  readonly #unread = new Set<string>()
  #catchingUp: Promise<void> | undefined
  #mustCatchUp = false
  #isClosed = true
  #gapTimer: NodeJS.Timeout | undefined

  constructor(place: Place, account: Account, { first, random }: { first: number; random: Random }) {
    this.account = account
    this.#place = place
    this.#random = random
    this.link = new GatewayLink({
      urls: place.gateways,
      token: account.token,
      first,
      random: random.fork(),
      onConnect: () => this.#catchUp(),
      onEvent: (event, payload) => this.#hear(event, payload),
    })
  }

  open(): void {
    this.#isClosed = false
    this.link.open()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#gapTimer)
    this.link.close()
    await this.#catchingUp
  }

  get isCaughtUp(): boolean {
    return this.link.isConnected && this.#catchingUp === undefined
  }

  /** Asks one of the APIs, chosen at random. */
  rest(call: RestCall): Promise<RestOutcome> {
    return askRest(this.#place.history, this.#random.pick(this.#place.apis), this.account.token, call)
  }

  readonly #listeners: { [N in EventName]?: (payload: EventPayload<N>) => void } = {
    new_message: (message) => this.#hearMessage(message),
    conversation_activity: ({ last_message }) => last_message && this.#hearMessage(last_message),
    message_deleted: ({ conversationId, messageId }) => this.known.get(conversationId)?.delete(messageId),
    message_read: (receipt) => this.#hearReceipt('read', receipt),
    message_delivered: (receipt) => this.#hearReceipt('delivered', receipt),
    conversation_updated: (conversation) => this.#hearConversation(conversation),
    conversation_created: ({ id }) => (this.known.has(id) ? undefined : this.#catchUp()),
    conversation_removed: ({ conversationId }) => this.known.delete(conversationId),
    resync: () => this.#catchUp(),
  }

  #hear(event: string, payload: unknown): void {
    const listener = this.#listeners[event as EventName] as ((payload: unknown) => void) | undefined
    listener?.(payload)
  }

  #hearReceipt(kind: ReceiptKind, { conversationId, messageId, userId }: EventPayload<'message_read'>): void {
    this.known.get(conversationId)?.receipts.hear(kind, userId, messageId)
  }

  #hearConversation(conversation: SharedConversation): void {
    const { history } = this.#place
    if (!history.isOrWasMember(this.account.id, conversation.id))
      history.violations.push(`C5 ${this.account.name} heard of ${conversation.id}, which is of others`)
    this.known.get(conversation.id)?.describe(conversation)
  }

  #hearMessage(message: Message): void {
    this.#place.history.deliveries++
    this.#requireAllowed(message)
    const known = this.known.get(message.conversation_id)
    if (!known) return this.#catchUp()
    this.#take(known, message)
    if (!known.hasGap()) return
    this.#gapTimer ??= setTimeout(() => {
      this.#gapTimer = undefined
      if ([...this.known.values()].some((messages) => messages.hasGap())) this.#catchUp()
    }, gapPatienceMs)
  }

  /** C5, C6 and C7: what must not reach anybody, judged as it arrives. */
  #requireAllowed(message: Message): void {
    const { history } = this.#place
    if (!history.isOrWasMember(this.account.id, message.conversation_id))
      history.violations.push(`C5 ${this.account.name} heard message ${message.id} of a conversation of others`)
    const sentAt = history.sends.get(message.client_message_id ?? '')?.invokedAt ?? 0
    const removal = history.lastRemovalOf(this.account.id, message.conversation_id)
    if (removal && !removal.isOver && sentAt > removal.ackedAt + 1000)
      history.violations.push(`C6 ${this.account.name} was removed and heard message ${message.id}, sent more than 1 s later`)
    const deletion = history.deletions.get(message.id)
    if (deletion && message.content !== null && performance.now() > Math.max(deletion.ackedAt, history.heldUntil) + 1000)
      history.violations.push(`C7 ${this.account.name} heard the content of ${message.id} more than 1 s after it was deleted`)
  }

  #take(known: KnownConversation, message: Message): void {
    const contradiction = known.add(message)
    known.receipts.takeMessage(message)
    if (contradiction) this.#place.history.violations.push(`C4 ${this.account.name} in ${message.conversation_id}: ${contradiction}`)
  }

  #catchUp(): void {
    this.#mustCatchUp = true
    this.#catchingUp ??= this.#catchUpUntilDone().finally(() => (this.#catchingUp = undefined))
  }

  async #catchUpUntilDone(): Promise<void> {
    while (this.#mustCatchUp && !this.#isClosed) {
      this.#mustCatchUp = false
      this.#place.history.syncs++
      const isDone = this.link.isConnected && (await this.#joinAll()) && (await this.#sync()) && (await this.#enterAll())
      if (isDone || this.#isClosed) continue
      // Without a connection the next connect asks again.
      this.#mustCatchUp = this.link.isConnected
      if (this.#mustCatchUp) await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }

  async #joinAll(): Promise<boolean> {
    const acks = await Promise.all([...this.known.keys()].map((conversationId) => this.#join(conversationId)))
    return acks.every(Boolean)
  }

  async #join(conversationId: string): Promise<boolean> {
    const ack = await this.link.ask('join_conversation', { conversationId })
    if (ack && !ack.success && ack.code === 'NOT_A_PARTICIPANT') return this.known.delete(conversationId)
    return ack?.success === true
  }

  async #sync(): Promise<boolean> {
    for (;;) {
      const heardUpTo = [...this.known].map(([id, messages]) => [id, messages.highest] as const)
      const page = await this.#askSync()
      if (!page) return false
      this.#takePage(page)
      this.#since = page.next
      if (page.has_more) continue
      for (const [id, seq] of heardUpTo) this.known.get(id)?.isWholeUpTo(seq)
      return true
    }
  }

  async #askSync(): Promise<SyncPage | undefined> {
    // Small pages as well: a round of several of them is broken off in the middle now and then.
    const limit = this.#random.pick(pageSizes)
    const query = { limit, ...(this.#since !== undefined && { since: this.#since }) }
    if (this.#random.chance(0.5)) {
      const ack = await this.link.ask('sync', query)
      return ack?.success ? (ack.data as SyncPage | undefined) : undefined
    }
    return this.#read<SyncPage>(`/api/v1/chat/sync?${new URLSearchParams({ ...query, limit: String(limit) }).toString()}`)
  }

  #takePage({ conversations, messages, receipts, removed_conversation_ids, reset }: SyncPage): void {
    for (const id of removed_conversation_ids) this.known.delete(id)
    for (const conversation of conversations) {
      const { id } = conversation
      if (reset || !this.known.has(id)) this.#unread.add(id)
      const known = this.known.get(id) ?? new KnownConversation()
      known.describe(conversation)
      this.known.set(id, known)
    }
    for (const message of messages) {
      const known = this.known.get(message.conversation_id)
      if (known) this.#take(known, message)
    }
    for (const marks of receipts) this.known.get(marks.conversation_id)?.receipts.takeRanges(marks)
  }

  async #enterAll(): Promise<boolean> {
    for (const id of this.#unread) {
      const known = this.known.get(id)
      if (known && !(await this.#enter(id, known))) return false
      this.#unread.delete(id)
    }
    return true
  }

  /**
   * Joins first and reads then: what lands in between is heard, or read, or both. What was heard of before and deleted before the join is in neither:
   * the next sync, from a token of before the join, tells it.
   */
  async #enter(conversationId: string, known: KnownConversation): Promise<boolean> {
    if (!(await this.#join(conversationId))) return false
    const heardUpTo = known.highest
    const path = `/api/v1/chat/conversations/${conversationId}/messages?limit=100`
    for (let before = ''; ;) {
      const page = await this.#read<{ messages: Message[]; pagination: { next_cursor: string | null } }>(`${path}${before}`)
      if (!page) return false
      for (const message of page.messages) this.#take(known, message)
      if (page.pagination.next_cursor === null) break
      before = `&before=${page.pagination.next_cursor}`
    }
    known.isWholeUpTo(heardUpTo)
    this.#mustCatchUp = true
    return true
  }

  async #read<T>(path: string): Promise<T | undefined> {
    const outcome = await this.rest({ method: 'GET', path })
    return outcome.kind === 'answer' && outcome.status === 200 ? (outcome.body.data as T) : undefined
  }
}
