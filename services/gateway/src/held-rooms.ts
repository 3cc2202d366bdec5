import { listConversationIds } from '@viatra-chat/chat'
import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Gateway } from './gateway.js'

/** What tells later whether something that was read is still true here. */
export interface RoomMarks {
  readonly epoch: number
  readonly removalMark: number
  readonly additionsHeard: number
}

/** The conversations of a person as they were read, with the marks of before that. */
export interface HeldRooms extends RoomMarks {
  readonly userId: UserId
  readonly conversationIds: readonly ConversationId[]
}

/** To be taken before the reading begins, so that no change can fall between. */
export function markRooms({ subscription, removals, additions }: Gateway): RoomMarks {
  return { epoch: subscription.epoch, removalMark: removals.mark(), additionsHeard: additions.heard }
}

/** Reads which conversations somebody takes part in. */
export async function readHeldRooms(gateway: Gateway, userId: UserId): Promise<HeldRooms> {
  const marks = markRooms(gateway)
  return { ...marks, userId, conversationIds: await listConversationIds(gateway.chat, userId) }
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
