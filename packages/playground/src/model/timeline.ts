import { asText } from './as-text.js'
import type { ChatClient, Message, ReceiptNews, UserId } from '@viatra-chat/client'
import { batch, computed, signal, type ReadonlySignal } from '@preact/signals'
import { markedAsRead, withReceipt } from './receipts.js'

/** The messages of one conversation that are loaded. */
export interface Timeline {
  readonly conversationId: string
  /** Oldest first. */
  readonly messages: ReadonlySignal<readonly Message[]>
  /** `older`: a page of history is on its way. */
  readonly loading: ReadonlySignal<'newest' | 'older' | undefined>
  readonly hasOlder: ReadonlySignal<boolean>
  readonly failure: ReadonlySignal<string | undefined>
  readonly isLoaded: ReadonlySignal<boolean>
  /** Forgets what is loaded and loads the newest page. */
  reload(): Promise<void>
  loadOlder(): Promise<void>
  take(messages: readonly Message[]): void
  takeReceipt(news: ReceiptNews): void
  takeDeletion(messageId: string): void
  countAsRead(messageIds: readonly string[], userId: UserId): void
}

const pageSize = 50

export function createTimeline(client: ChatClient, conversationId: string): Timeline {
  const bySeq = signal<ReadonlyMap<number, Message>>(new Map())
  const before = signal<string | null>(null)
  const loading = signal<'newest' | 'older' | undefined>(undefined)
  const failure = signal<string | undefined>(undefined)
  const isLoaded = signal(false)
  const messages = computed(() => [...bySeq.value.values()].sort((one, other) => one.seq - other.seq))

  function put(added: readonly Message[]): void {
    bySeq.value = new Map([...bySeq.peek(), ...added.map((message) => [message.seq, message] as const)])
  }

  function changeAll(changed: (message: Message) => Message): void {
    bySeq.value = new Map([...bySeq.peek()].map(([seq, message]) => [seq, changed(message)]))
  }

  async function loadPage(which: 'newest' | 'older'): Promise<void> {
    if (loading.peek()) return
    loading.value = which
    const cursor = which === 'older' ? before.peek() : null
    try {
      const page = await client.call('list_messages', {
        conversation_id: conversationId,
        limit: pageSize,
        ...(cursor !== null && { before: cursor }),
      })
      batch(() => {
        put(page.messages)
        before.value = page.pagination.next_cursor
        failure.value = undefined
        isLoaded.value = true
      })
    } catch (error) {
      failure.value = asText(error)
    } finally {
      loading.value = undefined
    }
  }

  return {
    conversationId,
    messages,
    loading,
    failure,
    isLoaded,
    hasOlder: computed(() => before.value !== null),
    async reload() {
      bySeq.value = new Map()
      await loadPage('newest')
    },
    loadOlder: () => (before.peek() === null ? Promise.resolve() : loadPage('older')),
    take: put,
    takeReceipt: (news) => changeAll((message) => withReceipt(message, news)),
    countAsRead: (messageIds, userId) =>
      changeAll((message) => (messageIds.includes(message.id) ? markedAsRead(message, userId) : message)),
    takeDeletion(messageId) {
      const left = [...bySeq.peek()].filter(([, { id }]) => id !== messageId)
      bySeq.value = new Map(left.map(([seq, message]) => [seq, withoutQuoteOf(messageId, message)]))
    },
  }
}

function withoutQuoteOf(messageId: string, message: Message): Message {
  if (message.parent?.id !== messageId) return message
  return { ...message, parent: { ...message.parent, content: null, is_deleted: true } }
}
