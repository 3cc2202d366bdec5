import type { Chat } from '../chat.js'
import { listConversations } from '../conversations/list-conversations.js'
import type { Actor } from '../identity/actor.js'

const warmingMax = 4
const warming = new WeakMap<Chat, number>()

/**
 * Puts the first page of a person's conversations into the cache, as when they connect: the list is what an app asks for next.
 * Does nothing while others are being warmed: in a storm of reconnects the database has better things to do. Never throws.
 */
export async function warmConversations(chat: Chat, actor: Actor): Promise<void> {
  const running = warming.get(chat) ?? 0
  if (!chat.cache.enabled || running >= warmingMax) return
  warming.set(chat, running + 1)
  try {
    await listConversations(chat, actor, {})
  } catch (error) {
    chat.log.debug({ err: error }, 'warming the cache failed')
  } finally {
    warming.set(chat, (warming.get(chat) ?? 1) - 1)
  }
}
