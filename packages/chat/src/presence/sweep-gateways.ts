import type { UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { participantsRoom } from '../events/rooms.js'
import { listConversationIds } from '../membership/list-conversation-ids.js'
import { announceOffline } from './announce-presence.js'
import { endLeases, forgetGateway, listDeadGateways, listSomeLeased, type DeadGateway } from './gateway-leases.js'
import { readPresence } from './read-presence.js'

// Each costs a query; requests must still find a free database connection.
const announcedAtOnce = 4

/**
 * Ends the leases of gateways that died or left, and announces who went offline by that; people who are connected elsewhere stay online.
 * Any number of processes may do it at once: each person's lease is ended, and announced, by one of them. Rejects while Redis is away.
 */
export async function sweepGateways(chat: Chat): Promise<void> {
  for (const gateway of await listDeadGateways(chat.redis)) await sweepGateway(chat, gateway)
}

async function sweepGateway(chat: Chat, { gatewayId, endedAt }: DeadGateway): Promise<void> {
  const lastSeen = endedAt.toISOString()
  for (;;) {
    const people = await listSomeLeased(chat.redis, gatewayId)
    if (people.length === 0) return forgetGateway(chat.redis, gatewayId)
    const went = await endLeases(chat.redis, gatewayId, people, { lastSeen, ifDead: true })
    if (!went) return
    for (let i = 0; i < went.length; i += announcedAtOnce)
      await Promise.all(went.slice(i, i + announcedAtOnce).map((userId) => announceSwept(chat, userId, lastSeen)))
  }
}

async function announceSwept(chat: Chat, userId: UserId, lastSeen: string): Promise<void> {
  try {
    const conversationIds = await listConversationIds(chat, userId)
    // They may have come back while the database answered; an offline that arrives after that online would stick.
    const now = await readPresence(chat.redis, [userId])
    if (now.get(userId)?.isOnline) return
    announceOffline(chat, userId, lastSeen, conversationIds.map(participantsRoom))
  } catch (error) {
    chat.log.warn({ err: error, userId }, 'somebody went offline unannounced')
  }
}
