import { batch, computed, effect, signal } from '@preact/signals'
import { createChatClient, type ChatClient, type ConnectionState } from '@viatra-chat/client'
import type { Account } from '../accounts.js'
import { asText } from './as-text.js'
import { ConversationList, countsAsUnread } from './conversation-list.js'
import { createOutbox, type Outbox } from './outbox.js'
import { isPageVisible } from './page-visibility.js'
import { createPeople } from './people.js'
import { tabStorage } from './tab-storage.js'
import { createTimeline, type Timeline } from './timeline.js'
import { createWireLog } from './wire-log.js'

/** One person with a client of their own, and everything that a view of it shows. */
export class Session {
  readonly client: ChatClient
  readonly wire = createWireLog()
  readonly people = createPeople()
  readonly list: ConversationList
  readonly outbox: Outbox
  readonly state = signal<ConnectionState>('offline')
  /** Whether it was online before: a first connection is not told as a loss. */
  readonly wasOnline = signal(false)
  /** What went wrong last, until it is dismissed. */
  readonly notice = signal<string | undefined>(undefined)
  /** Of the conversation that is open. */
  readonly timeline = signal<Timeline | undefined>(undefined)
  readonly conversation = computed(() => this.list.items.value.find(({ id }) => id === this.timeline.value?.conversationId))
  readonly #endings: (() => void)[]

  constructor(readonly account: Account) {
    this.client = createChatClient({
      url: location.origin,
      getToken: account.getToken,
      storage: tabStorage(account.id),
      log: this.wire.note,
      trace: this.wire.trace,
      backOff: { firstMs: 300, maxMs: 5000 },
    })
    this.list = new ConversationList(this.client, account.id, this.people.meet)
    this.outbox = createOutbox(this.client, (message) => this.#shown(message.conversation_id)?.take([message]))
    this.#endings = [...this.#followMessages(), ...this.#followEverythingElse(), effect(() => this.#markWhatIsSeen())]
    const reconnect = () => this.client.connect()
    addEventListener('online', reconnect)
    this.#endings.push(() => removeEventListener('online', reconnect))
    this.client.connect()
  }

  readonly open = (conversationId: string): void => {
    if (this.#shown(conversationId)) return
    this.leaveView()
    const opened = createTimeline(this.client, conversationId)
    this.timeline.value = opened
    // Joined first: whatever is stored after the history was read comes as an event.
    void this.client.join(conversationId).catch(() => undefined)
    void opened.reload()
  }

  readonly leaveView = (): void => {
    const left = this.timeline.peek()
    this.timeline.value = undefined
    if (left) this.client.leave(left.conversationId)
  }

  /** Does something and tells what goes wrong as a notice. Gives whether it went well. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      this.notice.value = asText(error)
      return false
    }
  }

  readonly dismiss = (): void => {
    this.notice.value = undefined
  }

  readonly close = (): void => {
    for (const end of this.#endings) end()
    this.client.close()
  }

  #shown(conversationId: string): Timeline | undefined {
    const timeline = this.timeline.peek()
    return timeline?.conversationId === conversationId ? timeline : undefined
  }

  #followMessages(): (() => void)[] {
    const { client, list } = this
    return [
      client.on('message', (message) =>
        batch(() => {
          list.takeMessage(message)
          this.#shown(message.conversation_id)?.take([message])
        }),
      ),
      client.on('message_deleted', ({ conversationId, messageId }) => {
        list.takeDeletion(conversationId, messageId)
        this.#shown(conversationId)?.takeDeletion(messageId)
      }),
      client.on('receipt', (news) => {
        list.takeReceipt(news)
        this.#shown(news.kind === 'synced' ? news.conversation_id : news.conversationId)?.takeReceipt(news)
      }),
      client.on('reset', (news) => {
        if (news.kind === 'everything') void this.attempt(() => list.load())
        if (news.kind === 'everything' || this.#shown(news.conversationId)) void this.timeline.peek()?.reload()
      }),
    ]
  }

  #followEverythingElse(): (() => void)[] {
    const { client, list, people } = this
    return [
      client.on('state', (state) => this.#follow(state)),
      client.on('typing', ({ conversationId, userId, isTyping }) => people.takeTyping(conversationId, userId, isTyping)),
      client.on('presence', ({ userId, isOnline, lastSeen }) => people.takePresence(userId, { isOnline, lastSeen })),
      client.on('conversation', (news) => list.take(news)),
      client.on('conversation_removed', ({ conversationId }) => {
        list.remove(conversationId)
        if (this.#shown(conversationId)) this.leaveView()
      }),
      client.on('error', (error) => (this.notice.value = asText(error))),
    ]
  }

  #follow(state: ConnectionState): void {
    this.wire.state(state)
    this.state.value = state
    if (state === 'online') this.#comeBack()
    else this.people.forgetTyping()
  }

  /** Presence is told to those who are connected only, and unread counts change elsewhere: both are read anew. */
  #comeBack(): void {
    this.wasOnline.value = true
    const timeline = this.timeline.peek()
    if (timeline && !timeline.isLoaded.peek()) void timeline.reload()
    void this.attempt(() => this.list.load())
  }

  /** What is shown to somebody who looks is read. */
  #markWhatIsSeen(): void {
    const shown = this.timeline.value
    if (!shown || !isPageVisible.value) return
    const messageIds = shown.messages.value.filter((message) => countsAsUnread(message, this.account.id)).map(({ id }) => id)
    if (messageIds.length === 0) return
    this.client.markRead(shown.conversationId, messageIds)
    batch(() => {
      shown.countAsRead(messageIds, this.account.id)
      this.list.countRead(shown.conversationId, messageIds.length)
    })
  }
}
