import type { ChatClient, Message, SendInput } from '@viatra-chat/client'
import { computed, signal, type ReadonlySignal } from '@preact/signals'
import { asText } from './as-text.js'

/** A message that is on its way, or was refused. */
export interface Outgoing {
  key: string
  conversationId: string
  input: SendInput
  /** Why it was refused; undefined while it is on its way. */
  failure: string | undefined
}

export interface Outbox {
  /** In the order in which they were written. */
  readonly items: ReadonlySignal<readonly Outgoing[]>
  send(conversationId: string, input: SendInput): void
  /** Sends a refused one again. */
  retry(outgoing: Outgoing): void
  discard(key: string): void
}

export function createOutbox(client: ChatClient, onSent: (message: Message) => void): Outbox {
  const pending = signal(client.pending)
  const refused = signal<readonly Outgoing[]>([])
  client.on('pending', (sends) => (pending.value = sends))
  const discard = (key: string) => (refused.value = refused.peek().filter((outgoing) => outgoing.key !== key))

  function send(conversationId: string, input: SendInput): void {
    const { clientMessageId: key, sent } = client.send(conversationId, input)
    sent.then(onSent, (error: unknown) => {
      refused.value = [...refused.peek(), { key, conversationId, input, failure: asText(error) }]
    })
  }

  return {
    items: computed(() => [
      ...refused.value,
      ...pending.value.map(({ clientMessageId: key, conversationId, input }) => ({ key, conversationId, input, failure: undefined })),
    ]),
    send,
    retry({ key, conversationId, input }) {
      discard(key)
      send(conversationId, input)
    },
    discard,
  }
}
