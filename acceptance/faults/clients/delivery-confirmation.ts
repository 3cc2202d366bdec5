import type { Message } from '@viatra-chat/contract'
import type { History } from '../history.js'
import type { GatewayLink } from './gateway-link.js'

const everyMs = 250
const atOnceMax = 100

/** Confirms the delivery of what a device heard, as apps do, until it is acknowledged. */
export class DeliveryConfirmation {
  readonly #link: GatewayLink
  readonly #history: History
  readonly #userId: string
  /** By conversation. */
  readonly #pending = new Map<string, Set<string>>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(link: GatewayLink, history: History, userId: string) {
    this.#link = link
    this.#history = history
    this.#userId = userId
  }

  note({ id, conversation_id, sender_id, is_deleted, delivered_to }: Message): void {
    if (this.#isClosed || is_deleted || sender_id === this.#userId || delivered_to.some((userId) => userId === this.#userId)) return
    const pending = this.#pending.get(conversation_id) ?? new Set()
    this.#pending.set(conversation_id, pending.add(id))
    this.#plan()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #plan(): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      void this.#confirmAll().finally(() => {
        this.#timer = undefined
        if (this.#pending.size > 0) this.#plan()
      })
    }, everyMs)
  }

  async #confirmAll(): Promise<void> {
    for (const [conversationId, pending] of this.#pending) {
      const messageIds = [...pending].slice(0, atOnceMax)
      const ack = await this.#link.ask('mark_delivered', { conversationId, messageIds })
      if (ack?.success === false && ack.code === 'NOT_A_PARTICIPANT') this.#pending.delete(conversationId)
      if (!ack?.success) continue
      const ackedAt = performance.now()
      this.#history.marks.push(
        ...messageIds.map((messageId) => ({ kind: 'delivered' as const, userId: this.#userId, conversationId, messageId, ackedAt })),
      )
      for (const id of messageIds) pending.delete(id)
      if (pending.size === 0) this.#pending.delete(conversationId)
    }
  }
}
