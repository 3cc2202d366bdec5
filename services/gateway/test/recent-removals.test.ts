import type { ConversationId, UserId } from '@viatra-chat/contract'
import { expect, test } from 'vitest'
import { createRecentRemovals } from '../src/recent-removals.js'

const conversationId = 'c' as ConversationId
const [ann, bob] = ['ann' as UserId, 'bob' as UserId]

test('a removal counts for marks taken before it and not for later ones', () => {
  const removals = createRecentRemovals()
  const before = removals.mark()
  removals.record({ conversationId, userIds: [bob] })
  const after = removals.mark()
  expect(removals.happenedSince(before, conversationId, bob)).toBe(true)
  expect(removals.happenedSince(after, conversationId, bob)).toBe(false)
  expect(removals.happenedSince(before, conversationId, ann)).toBe(false)
})
