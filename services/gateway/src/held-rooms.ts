import { listConversationIds } from '@viatra-chat/chat'
import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Gateway } from './gateway.js'

/** The conversations of a person as they were read, with what tells whether that is still true here. */
export interface HeldRooms {
  readonly userId: UserId
  readonly conversationIds: readonly ConversationId[]
  readonly epoch: number
  readonly removalMark: number
  readonly additionsHeard: number
}

/** Reads which conversations somebody takes part in; the marks are taken first, so that no change can fall between. */
export async function readHeldRooms(gateway: Gateway, userId: UserId): Promise<HeldRooms> {
  const { epoch } = gateway.subscription
  const removalMark = gateway.removals.mark()
  const additionsHeard = gateway.additions.heard
  return { userId, conversationIds: await listConversationIds(gateway.chat, userId), epoch, removalMark, additionsHeard }
}

/**
 * The conversations among them that are still the person's; undefined when something since may have been missed: then it must be read again.
 * `isListed`: the person's own room was joined before the reading, so that additions found it.
 */
export function stillHeld(gateway: Gateway, rooms: HeldRooms, { isListed }: { isListed: boolean }): ConversationId[] | undefined {
  if (rooms.epoch !== gateway.subscription.epoch) return undefined
  if (!isListed && rooms.additionsHeard !== gateway.additions.heard) return undefined
  return rooms.conversationIds.filter((id) => !gateway.removals.happenedSince(rooms.removalMark, id, rooms.userId))
}
