import type { Chat } from '../chat.js'
import { announceGone } from './announce-gone.js'
import { endLeases, forgetGateway, listDeadGateways, listSomeLeased, type DeadGateway } from './gateway-leases.js'

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
    await announceGone(chat, went, lastSeen)
  }
}
