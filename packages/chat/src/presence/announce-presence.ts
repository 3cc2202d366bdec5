import type { UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { userRoom } from '../events/rooms.js'

// Two chunks may tell somebody twice, which is harmless; one message with thousands of rooms would hold up every gateway.
const roomsPerEmit = 500

/** @param rooms participants rooms of the person's conversations: everybody in them learns it once. */
export function announceOnline(chat: Pick<Chat, 'events'>, userId: UserId, rooms: readonly string[]): void {
  for (const some of chunks(rooms)) chat.events.publish('user_online', { userId }, { rooms: some, except: [userRoom(userId)] })
}

/** @param lastSeen ISO 8601. */
export function announceOffline(chat: Pick<Chat, 'events'>, userId: UserId, lastSeen: string, rooms: readonly string[]): void {
  for (const some of chunks(rooms)) chat.events.publish('user_offline', { userId, lastSeen }, { rooms: some, except: [userRoom(userId)] })
}

function chunks(rooms: readonly string[]): string[][] {
  const count = Math.ceil(rooms.length / roomsPerEmit)
  return Array.from({ length: count }, (_, i) => rooms.slice(i * roomsPerEmit, (i + 1) * roomsPerEmit))
}
