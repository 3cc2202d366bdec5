import { batch, computed, signal } from '@preact/signals'
import {
  ChatError,
  type ChatClient,
  type Conversation,
  type ConversationNews,
  type Message,
  type ReceiptNews,
  type SharedConversation,
} from '@viatra-chat/client'
import { withReceipt } from './receipts.js'

const pageSize = 30
// Several changes of one conversation within it are fetched once.
const refreshAfterMs = 300

/** The conversations of a person, kept as the client's news say. */
export class ConversationList {
  readonly #client: ChatClient
  readonly #meId: string
  readonly #onFresh: (conversations: readonly SharedConversation[]) => void
  readonly #byId = signal<ReadonlyMap<string, Conversation>>(new Map())
  readonly #cursor = signal<string | null>(null)
  readonly #refreshes = new Map<string, ReturnType<typeof setTimeout>>()
  #isLoadingMore = false
  readonly isLoaded = signal(false)
  readonly hasMore = computed(() => this.#cursor.value !== null)
  /** Newest activity first. */
  readonly items = computed(() => [...this.#byId.value.values()].sort(byActivity))

  /** @param onFresh is told what the server has just said of conversations, the presence of their participants included */
  constructor(client: ChatClient, meId: string, onFresh: (conversations: readonly SharedConversation[]) => void) {
    this.#client = client
    this.#meId = meId
    this.#onFresh = onFresh
  }

  /** Loads the newest ones, in place of what is known of them. */
  async load(): Promise<void> {
    const page = await this.#client.call('list_conversations', { limit: pageSize })
    batch(() => {
      this.#keep(page.conversations.filter((conversation) => this.#isNoOlderThanKnown(conversation)))
      this.#onFresh(page.conversations)
      this.#cursor.value = page.pagination.next_cursor
      this.isLoaded.value = true
    })
  }

  async loadMore(): Promise<void> {
    const cursor = this.#cursor.peek()
    if (this.#isLoadingMore || cursor === null) return
    this.#isLoadingMore = true
    try {
      const page = await this.#client.call('list_conversations', { limit: pageSize, cursor })
      this.put(...page.conversations)
      this.#cursor.value = page.pagination.next_cursor
    } finally {
      this.#isLoadingMore = false
    }
  }

  put(...conversations: Conversation[]): void {
    this.#keep(conversations)
    this.#onFresh(conversations)
  }

  remove(id: string): void {
    const rest = new Map(this.#byId.peek())
    rest.delete(id)
    this.#byId.value = rest
  }

  take(news: ConversationNews): void {
    if (news.kind === 'activity') return this.#takeActivity(news)
    if (news.kind === 'created') return this.put(news.conversation)
    const { conversation } = news
    this.#onFresh([conversation])
    if (this.#get(conversation.id)) this.#change(conversation.id, () => conversation)
    else this.#refreshSoon(conversation.id)
  }

  /** Of a conversation that is joined. */
  takeMessage(message: Message): void {
    const added = countsAsUnread(message, this.#meId) ? 1 : 0
    this.#change(message.conversation_id, ({ unread_count }) => ({
      last_message: message,
      last_message_at: message.created_at,
      unread_count: unread_count + added,
    }))
  }

  takeReceipt(news: ReceiptNews): void {
    const id = news.kind === 'synced' ? news.conversation_id : news.conversationId
    this.#change(id, ({ last_message }) => ({ last_message: last_message && withReceipt(last_message, news) }))
  }

  takeDeletion(conversationId: string, messageId: string): void {
    if (this.#get(conversationId)?.last_message?.id === messageId) this.#refreshSoon(conversationId)
  }

  /** So many messages have been read here. */
  countRead(id: string, count: number): void {
    this.#change(id, ({ unread_count }) => ({ unread_count: Math.max(0, unread_count - count) }))
  }

  #takeActivity({ conversationId, last_message, last_message_at }: ConversationNews & { kind: 'activity' }): void {
    const known = this.#get(conversationId)
    const step = (last_message?.seq ?? 0) - (known?.last_message?.seq ?? 0)
    const added = last_message !== null && step > 0 && countsAsUnread(last_message, this.#meId) ? 1 : 0
    this.#change(conversationId, ({ unread_count }) => ({ last_message, last_message_at, unread_count: unread_count + added }))
    // Something came in between, or the newest message is gone: only the server knows how much is unread.
    if (!known || step !== 1) this.#refreshSoon(conversationId)
  }

  #get(id: string): Conversation | undefined {
    return this.#byId.peek().get(id)
  }

  #keep(conversations: readonly Conversation[]): void {
    this.#byId.value = new Map([...this.#byId.peek(), ...conversations.map((conversation) => [conversation.id, conversation] as const)])
  }

  #change(id: string, changes: (known: Conversation) => Partial<Conversation>): void {
    const known = this.#get(id)
    if (known) this.#keep([{ ...known, ...changes(known) }])
  }

  /** What came as an event while the page was read is newer than the page. */
  #isNoOlderThanKnown({ id, last_message }: Conversation): boolean {
    const isOlder = (this.#get(id)?.last_message?.seq ?? 0) > (last_message?.seq ?? 0)
    if (isOlder) this.#refreshSoon(id)
    return !isOlder
  }

  /** For what an event does not say. */
  #refreshSoon(id: string): void {
    clearTimeout(this.#refreshes.get(id))
    const refresh = setTimeout(() => void this.#refresh(id), refreshAfterMs)
    this.#refreshes.set(id, refresh)
  }

  async #refresh(id: string): Promise<void> {
    this.#refreshes.delete(id)
    try {
      this.put(await this.#client.call('get_conversation', { conversation_id: id }))
    } catch (error) {
      if (error instanceof ChatError && error.code === 'NOT_A_PARTICIPANT') this.remove(id)
    }
  }
}

/** Whether a message is one that its reader has yet to see. */
export function countsAsUnread(message: Message, meId: string): boolean {
  return message.sender_id !== meId && message.message_type !== 'system' && !message.read_by.some((id) => id === meId)
}

function byActivity(one: Conversation, other: Conversation): number {
  return timeOf(other).localeCompare(timeOf(one))
}

const timeOf = ({ last_message_at, created_at }: Conversation) => last_message_at ?? created_at
