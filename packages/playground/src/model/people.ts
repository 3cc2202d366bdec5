import type { Participant, SharedConversation } from '@viatra-chat/client'
import { signal, type ReadonlySignal } from '@preact/signals'

export interface PresenceNow {
  isOnline: boolean
  /** ISO 8601; null when unknown. */
  lastSeen: string | null
}

/** Who is who, who is there and who types, as far as it was told. */
export interface People {
  readonly presence: ReadonlySignal<ReadonlyMap<string, PresenceNow>>
  /** By conversation: ids of those who type. */
  readonly typing: ReadonlySignal<ReadonlyMap<string, readonly string[]>>
  /** Takes in who takes part, and their presence as it is now. */
  meet(conversations: readonly SharedConversation[]): void
  find(userId: string): Participant | undefined
  takePresence(userId: string, presence: PresenceNow): void
  takeTyping(conversationId: string, userId: string, isTyping: boolean): void
  forgetTyping(): void
}

// The server ends typing after 10 s; should that news be lost, it must not stay.
const typingMaxMs = 12_000

export function createPeople(): People {
  const presence = signal<ReadonlyMap<string, PresenceNow>>(new Map())
  const typing = signal<ReadonlyMap<string, readonly string[]>>(new Map())
  const known = new Map<string, Participant>()
  const ends = new Map<string, ReturnType<typeof setTimeout>>()

  function setTyping(conversationId: string, userId: string, isTyping: boolean): void {
    const others = (typing.peek().get(conversationId) ?? []).filter((id) => id !== userId)
    typing.value = new Map([...typing.peek(), [conversationId, isTyping ? [...others, userId] : others]])
  }

  return {
    presence,
    typing,
    meet(conversations) {
      const participants = conversations.flatMap((conversation) => conversation.participants)
      for (const participant of participants) known.set(participant.id, participant)
      const met = participants.map(({ id, is_online, last_seen }) => [id, { isOnline: is_online, lastSeen: last_seen }] as const)
      presence.value = new Map([...presence.peek(), ...met])
    },
    find: (userId) => known.get(userId),
    takePresence: (userId, now) => (presence.value = new Map([...presence.peek(), [userId, now]])),
    takeTyping(conversationId, userId, isTyping) {
      const key = `${conversationId} ${userId}`
      clearTimeout(ends.get(key))
      if (isTyping)
        ends.set(
          key,
          setTimeout(() => setTyping(conversationId, userId, false), typingMaxMs),
        )
      setTyping(conversationId, userId, isTyping)
    },
    forgetTyping: () => (typing.value = new Map()),
  }
}
