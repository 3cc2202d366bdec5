import type { Chat } from '../chat.js'
import { listConversations } from '../conversations/list-conversations.js'
import type { Actor } from '../identity/actor.js'

const atOnceMax = 4
const perSecondMax = 20

interface Warming {
  running: number
  /** Begun since `second` began, ms. */
  begun: number
  second: number
}

const warming = new WeakMap<Chat, Warming>()

/**
 * Puts the first page of a person's conversations into the cache, as when they connect: the list is what an app asks for next.
 * Does nothing when many connect: in a storm of reconnects the database has better things to do. Never throws.
 */
export async function warmConversations(chat: Chat, actor: Actor): Promise<void> {
  if (!chat.cache.enabled) return
  const state = warmingOf(chat)
  if (state.running >= atOnceMax || state.begun >= perSecondMax) return
  state.running++
  state.begun++
  try {
    await listConversations(chat, actor, {})
  } catch (error) {
    chat.log.debug({ err: error }, 'warming the cache failed')
  } finally {
    state.running--
  }
}

function warmingOf(chat: Chat): Warming {
  const state = warming.get(chat) ?? { running: 0, begun: 0, second: -Infinity }
  warming.set(chat, state)
  const now = performance.now()
  if (now - state.second >= 1000) Object.assign(state, { begun: 0, second: now })
  return state
}
