import { bounds, type ConversationId, type UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { conversationRoom, userRoom } from '../events/rooms.js'
import { redisScript } from '../redis-script.js'
import { typingKey } from './presence-keys.js'

/** What typing needs of the domain. */
export type TypingChat = Pick<Chat, 'redis' | 'events'>

// The key's value is `{owner}|{announced at}`: only the socket that started last may stop it, and announcements keep their distance.
const start = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local value = redis.call('GET', KEYS[1])
local announced = value and tonumber(string.match(value, '|(%d+)$'))
local announce = not announced or now - announced >= tonumber(ARGV[3])
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. string.format('%.0f', announce and now or announced), 'PX', ARGV[2])
return announce and 1 or 0`

const stop = `
local value = redis.call('GET', KEYS[1])
if not value or string.match(value, '^(.*)|') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/** Somebody types, from this socket; it is announced again at most every 3 s. Rejects while Redis is away. */
export async function startTyping(chat: TypingChat, conversationId: ConversationId, userId: UserId, socketId: string): Promise<void> {
  const key = typingKey(conversationId, userId)
  const announce = await chat.redis.eval(start, 1, key, socketId, bounds.typingLifetimeMs, bounds.typingRepeatMs)
  if (announce === 1) announceTyping(chat, conversationId, userId, true)
}

/** Ends what this socket started; whether there was anything to end. Rejects while Redis is away. */
export async function stopTyping(chat: TypingChat, conversationId: ConversationId, userId: UserId, socketId: string): Promise<boolean> {
  const ended = (await chat.redis.eval(stop, 1, typingKey(conversationId, userId), socketId)) === 1
  if (ended) announceTyping(chat, conversationId, userId, false)
  return ended
}

/** A message says that its sender types no longer, from whichever socket. Not awaited: typing is a hint, and dropped while Redis is away. */
export type EndTyping = (conversationId: ConversationId, userId: UserId) => void

// Nearly always nobody types: that is found out at once for all.
const deleteAll = redisScript(`
if redis.call('EXISTS', unpack(KEYS)) == 0 then return {} end
local ended = {}
for i, key in ipairs(KEYS) do ended[i] = redis.call('DEL', key) end
return ended`)

/** Those who sent within one turn of the event loop are asked for together. */
export function createEndTyping(chat: TypingChat): EndTyping {
  let senders: Parameters<EndTyping>[] = []

  async function endAll(some: readonly Parameters<EndTyping>[]): Promise<void> {
    const keys = some.map((sender) => typingKey(...sender))
    const ended = (await deleteAll(chat.redis, keys, [])) as number[]
    for (const [i, sender] of some.entries()) if (ended[i] === 1) announceTyping(chat, ...sender, false)
  }

  function endGathered(): void {
    const some = senders
    senders = []
    endAll(some).catch(() => undefined)
  }

  return (...sender) => {
    if (senders.push(sender) === 1) setImmediate(endGathered)
  }
}

/** Tells the others in the room. */
export function announceTyping(chat: Pick<Chat, 'events'>, conversationId: ConversationId, userId: UserId, isTyping: boolean): void {
  const audience = { rooms: [conversationRoom(conversationId)], except: [userRoom(userId)] }
  chat.events.publish('user_typing', { conversationId, userId, isTyping }, audience)
}
