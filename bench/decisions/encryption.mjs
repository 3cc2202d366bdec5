import { execute, openChat } from '@viatra-chat/chat'
import { Redis } from 'ioredis'
import { chatSettings, jwt, withRedis } from './chat-parts.mjs'
import { median, rate, ratio } from './measure.mjs'
import { createConversations } from './sends.mjs'

const conversations = 500
const messagesInEach = 60
const callers = 128
const measuredMs = 1500
const rounds = 5
const log = { debug() {}, info() {}, warn() {}, error() {} }
const content = 'Blood pressure 124/81, temperature 36.8, slept well. '.repeat(2)
const keys = [{ name: 'bench', secret: Buffer.alloc(32, 7).toString('base64') }]

/** What encryption of content costs: sends, and reads of a page of fifty, through the one door of the domain, without the page cache. */
export async function encryption(server) {
  return withRedis((redisUrl) =>
    withVariant(server, redisUrl, { seals: false, keys: [] }, (off) =>
      withVariant(server, redisUrl, { seals: true, keys }, async (on) => {
        const rows = []
        for (const [what, call] of Object.entries(calls)) rows.push(await compare(what, call, off, on))
        return { title: `Encryption of content: ${callers} callers, ${conversations} conversations`, rows }
      }),
    ),
  )
}

const calls = {
  'sends of 106 characters': ({ conversationId: conversation_id, senderId }) => [senderId, 'send_message', { conversation_id, content }],
  'history, 50 on a page': ({ conversationId: conversation_id, senderId }) => [senderId, 'list_messages', { conversation_id, limit: 50 }],
  'conversations, 20 on a page': ({ senderId }) => [senderId, 'list_conversations', { limit: 20 }],
}

/** In turns, so that what else the machine does meets both; medians. */
async function compare(what, call, off, on) {
  const results = { off: [], on: [] }
  for (let i = 0; i < rounds; i++) {
    results.off.push(await measure(off, call))
    results.on.push(await measure(on, call))
  }
  return { what, off: rate(median(results.off)), on: rate(median(results.on)), 'on to off': ratio(median(results.on), median(results.off)) }
}

async function measure({ chat, places }, call) {
  let n = 0
  const startedAt = performance.now()
  const caller = async () => {
    while (performance.now() - startedAt < measuredMs) await ask(chat, call(places[(n++ * 7919) % places.length]))
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return n / ((performance.now() - startedAt) / 1000)
}

function ask(chat, [userId, operation, input]) {
  return execute(chat, { operation, actor: { userId, isAdmin: false }, input, requestId: 'bench' })
}

/** A database of its own, in which everything was sent as this variant sends. */
function withVariant(server, redisUrl, contentEncryption, use) {
  return server.withDatabase({ migrated: true }, async (database) => {
    const places = await createConversations(database, conversations)
    const redis = new Redis(redisUrl)
    const settings = { ...chatSettings, auditSends: true }
    const options = { databaseUrl: database.url, databasePoolMax: 10, redis, publisher: redis, eventForm: 'batched', jwt, settings, log }
    const chat = openChat({ ...options, contentEncryption })
    try {
      const send = calls['sends of 106 characters']
      for (let n = 0; n < messagesInEach; n++) await Promise.all(places.map((place) => ask(chat, send(place))))
      await database.query('vacuum analyze')
      return await use({ chat, places })
    } finally {
      await chat.close()
      await redis.quit()
    }
  })
}
