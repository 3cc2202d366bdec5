import type { ConversationId, UserId } from '@viatra-chat/contract'

/** There while somebody is online; lives 5 min unless a gateway refreshes it. */
export const onlineKey = (userId: UserId) => `presence:online:${userId}`
/** When somebody was last online, ISO 8601, kept for ever; or nothing, for a minute: nobody ever saw them, and the table need not be asked again. */
export const lastSeenKey = (userId: UserId) => `presence:lastseen:${userId}`
/** There while somebody types: `{socket id}|{when it was last announced, ms}`. */
export const typingKey = (conversationId: ConversationId, userId: UserId) => `presence:typing:${conversationId}:${userId}`
/** Hash of the gateways on which somebody is connected: gateway id → when it was last confirmed, ms. */
export const connectionsKey = (userId: UserId) => `presence:connections:${userId}`
/** Sorted set of somebody's connections over all gateways by the time at which they were opened, ms: `{gateway id} {socket id}`. */
export const socketsKey = (userId: UserId) => `presence:sockets:${userId}`
/** Set of the people connected on one gateway: who is to be looked after when it dies. */
export const peopleKey = (gatewayId: string) => `presence:people:${gatewayId}`
/** Sorted set of the gateways by the time until which they count as alive, ms. */
export const gatewaysKey = 'presence:gateways'
/** Set of who has joined which conversation on one gateway: `{conversation id} {user id}`. */
export const joinedKey = (gatewayId: string) => `presence:joined:${gatewayId}`
