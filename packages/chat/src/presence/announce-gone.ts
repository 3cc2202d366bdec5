import type { UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { participantsRoom } from '../events/rooms.js'
import { listConversationIds } from '../membership/list-conversation-ids.js'
import { announceOffline } from './announce-presence.js'
import { isOnline } from './read-presence.js'
import { rememberLastSeen } from './remember-last-seen.js'

// Each costs a query; requests must still find a free database connection.
const announcedAtOnce = 4

/** Remembers and announces that people went offline of whose rooms no gateway knows any more. Never rejects. */
export async function announceGone(chat: Chat, userIds: readonly UserId[], lastSeen: string): Promise<void> {
  await rememberLastSeen(chat, new Map(userIds.map((userId) => [userId, lastSeen])))
  for (let i = 0; i < userIds.length; i += announcedAtOnce) {
    await Promise.all(userIds.slice(i, i + announcedAtOnce).map((userId) => announceOne(chat, userId, lastSeen)))
  }
}

async function announceOne(chat: Chat, userId: UserId, lastSeen: string): Promise<void> {
  try {
    const conversationIds = await listConversationIds(chat, userId)
    // They may have come back while the database answered; an offline that arrives after that online would stick.
    if (await isOnline(chat.redis, userId)) return
    announceOffline(chat, userId, lastSeen, conversationIds.map(participantsRoom))
  } catch (error) {
    chat.log.warn({ err: error, userId }, 'somebody went offline unannounced')
  }
}
