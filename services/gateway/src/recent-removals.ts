import type { MembershipChange } from '@viatra-chat/chat'
import type { ConversationId, UserId } from '@viatra-chat/contract'

/**
 * Who was removed from which conversation lately. A join whose membership check began before the removal was heard must not be
 * carried out after it: the check may have read what was true before.
 */
export interface RecentRemovals {
  /** A mark to ask {@link RecentRemovals.happenedSince} with; taken before a membership is read. */
  mark(): number
  record(change: MembershipChange): void
  happenedSince(mark: number, conversationId: ConversationId, userId: UserId): boolean
}

// Longer than any membership check can take: database statements are given up after a few seconds.
const rememberedMs = 30_000

export function createRecentRemovals(): RecentRemovals {
  // In the order they were heard, so that the oldest come first.
  const removals = new Map<string, { mark: number; heardAt: number }>()
  let heard = 0

  function forgetOld(now: number): void {
    for (const [key, removal] of removals) {
      if (now - removal.heardAt < rememberedMs) return
      removals.delete(key)
    }
  }

  return {
    mark: () => heard,
    record({ conversationId, userIds }) {
      const heardAt = Date.now()
      heard++
      forgetOld(heardAt)
      for (const userId of userIds) {
        const key = keyOf(conversationId, userId)
        removals.delete(key)
        removals.set(key, { mark: heard, heardAt })
      }
    },
    happenedSince: (mark, conversationId, userId) => (removals.get(keyOf(conversationId, userId))?.mark ?? 0) > mark,
  }
}

const keyOf = (conversationId: ConversationId, userId: UserId) => `${conversationId}:${userId}`
