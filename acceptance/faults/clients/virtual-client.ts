import type { Conversation, EventPayload, Message, SharedConversation, SyncPage } from '@viatra-chat/contract'
import type { Random } from '../random.js'
import type { History } from '../history.js'
import { askRest, type RestCall, type RestOutcome } from './ask-rest.js'
import { DeliveryConfirmation } from './delivery-confirmation.js'
import { GatewayLink } from './gateway-link.js'
import { KnownDetails } from './known-details.js'
import { KnownMessages } from './known-messages.js'
import { KnownReceipts, type ReceiptKind } from './known-receipts.js'

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

export interface DeviceOptions {
  /** Which gateway is tried first. */
  first: number
  random: Random
  /** Whether it confirms the delivery of what it hears. */
  confirms?: boolean
}

// Messages of senders on different instances may cross by milliseconds: not every gap is a loss.
const gapPatienceMs = 300
const retryMs = 200
// A second is what is promised where every process gets its turn at once; beside the other tests it does not.
const removalPatienceMs = process.env.FAULT_ALONE === '1' ? 1000 : 5000
const pageSizes = [20, 50, 200]

/**
 * One device of one person. It joins its conversations and remembers what it hears; after every connect, when it is told to
 * resync, and when a seq is missing, it asks for what it missed. It never asks for any other reason: what the product loses
 * without a sign stays lost here.
 */
export class VirtualClient {
  readonly known = new Map<string, KnownMessages>()
  readonly receipts = new Map<string, KnownReceipts>()
  /** Also of conversations whose messages it does not know yet: a change may be heard before the first answer that shows them. */
  readonly details = new Map<string, KnownDetails>()
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

  readonly #confirmation: DeliveryConfirmation | undefined

  constructor(place: Place, account: Account, { first, random, confirms = false }: DeviceOptions) {
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
    this.#confirmation = confirms ? new DeliveryConfirmation(this.link, place.history, account.id) : undefined
  }

  open(): void {
    this.#isClosed = false
    this.link.open()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#gapTimer)
    this.#confirmation?.close()
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

  #hear(event: string, payload: unknown): void {
    switch (event) {
      case 'new_message':
        return this.#hearMessage(payload as Message)
      case 'conversation_activity': {
        const { last_message } = payload as { last_message: Message | null }
        if (last_message) this.#hearMessage(last_message)
        return
      }
      case 'message_deleted': {
        const deletion = payload as EventPayload<'message_deleted'>
        this.#requirePresent(event, deletion.conversationId, deletion.at)
        return this.known.get(deletion.conversationId)?.delete(deletion.messageId)
      }
      case 'message_read':
        return this.#hearReceipt('read', payload as EventPayload<'message_read'>)
      case 'message_delivered':
        return this.#hearReceipt('delivered', payload as EventPayload<'message_delivered'>)
      case 'conversation_created':
        // Somebody who was let in again is in no room of it any more, whether they heard that they had been removed or not.
        this.#takeDetails(payload as Conversation)
        return this.#catchUp()
      case 'conversation_updated': {
        const conversation = payload as SharedConversation
        this.#requirePresent(event, conversation.id, conversation.updated_at)
        return this.#takeDetails(conversation)
      }
      case 'conversation_removed':
        return this.#forget((payload as { conversationId: string }).conversationId)
      case 'resync':
        return this.#catchUp()
    }
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

  #hearReceipt(kind: ReceiptKind, { conversationId, userId, messageId, at }: EventPayload<'message_read'>): void {
    this.#requirePresent(`that a message was ${kind}`, conversationId, at)
    const { history } = this.#place
    const absence = history.absenceOf(userId, conversationId)
    if (absence && Date.parse(at) > absence.ackedOn + removalPatienceMs)
      history.violations.push(`C8 ${this.account.name} heard that ${userId} marked ${messageId}, from which they were removed before`)
    this.#receiptsOf(conversationId).hear(kind, userId, messageId)
  }

  /** C6: what happened after somebody was removed must not reach them. */
  #requirePresent(what: string, conversationId: string, at: string): void {
    const { history } = this.#place
    const absence = history.absenceOf(this.account.id, conversationId)
    if (!absence) return
    const lateByMs = Date.parse(at) - absence.ackedOn
    if (lateByMs > removalPatienceMs)
      history.violations.push(`C6 ${this.account.name} was removed from ${conversationId} and heard ${what}, ${lateByMs} ms later`)
  }

  #receiptsOf(conversationId: string): KnownReceipts {
    const receipts = this.receipts.get(conversationId) ?? new KnownReceipts()
    this.receipts.set(conversationId, receipts)
    return receipts
  }

  #takeDetails(conversation: SharedConversation): void {
    const details = this.details.get(conversation.id) ?? new KnownDetails()
    this.details.set(conversation.id, details)
    details.take(conversation)
  }

  #forget(conversationId: string): void {
    for (const known of [this.known, this.receipts, this.details]) known.delete(conversationId)
  }

  /** C5, C6 and C7: what must not reach anybody, judged as it arrives. */
  #requireAllowed(message: Message): void {
    const { history } = this.#place
    if (!history.isOrWasMember(this.account.id, message.conversation_id))
      history.violations.push(`C5 ${this.account.name} heard message ${message.id} of a conversation of others`)
    this.#requirePresent(`message ${message.id}`, message.conversation_id, message.created_at)
    const deletion = history.deletions.get(message.id)
    if (deletion && message.content !== null && performance.now() > Math.max(deletion.ackedAt, history.heldUntil) + 1000)
      history.violations.push(`C7 ${this.account.name} heard the content of ${message.id} more than 1 s after it was deleted`)
  }

  #take(known: KnownMessages, message: Message): void {
    const contradiction = known.add(message)
    if (contradiction) this.#place.history.violations.push(`C4 ${this.account.name} in ${message.conversation_id}: ${contradiction}`)
    this.#receiptsOf(message.conversation_id).takeMessage(message)
    this.#confirmation?.note(message)
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
    const isOut = ack?.success === false && ack.code === 'NOT_A_PARTICIPANT'
    if (isOut) this.#forget(conversationId)
    return isOut || ack?.success === true
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
    for (const id of removed_conversation_ids) this.#forget(id)
    for (const conversation of conversations) {
      const { id } = conversation
      this.#takeDetails(conversation)
      if (!reset && this.known.has(id)) continue
      this.#unread.add(id)
      this.known.set(id, this.known.get(id) ?? new KnownMessages())
    }
    for (const message of messages) {
      const known = this.known.get(message.conversation_id)
      if (known) this.#take(known, message)
    }
    for (const marks of receipts) this.#receiptsOf(marks.conversation_id).takeRanges(marks)
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
  async #enter(conversationId: string, known: KnownMessages): Promise<boolean> {
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
