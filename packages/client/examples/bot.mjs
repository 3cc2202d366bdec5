// A bot for Node: answers what is written to it, in every conversation that it takes part in.
// CHAT_URL=http://localhost:8080 TOKEN=… node bot.mjs
import { createChatClient } from '@viatra-chat/client'

const { CHAT_URL: url = 'http://localhost:8080', TOKEN: token = '' } = process.env
const me = JSON.parse(atob(token.split('.')[1])).userId
const client = createChatClient({ url, getToken: () => token })

client.on('message', ({ conversation_id, sender_id, content, id }) => {
  if (sender_id === me || content === null) return
  client.markRead(conversation_id, [id])
  client.send(conversation_id, { content: `You said: ${content}`, parent_message_id: id })
})
client.on('conversation', ({ kind, conversation, conversationId }) => {
  // One that the bot was added to, or that was quiet until now. The message that says so is the first to be answered.
  if (kind === 'created') void client.join(conversation.id, { afterSeq: 0 })
  if (kind === 'activity') void client.join(conversationId, { afterSeq: 0 })
})
client.on('state', (state) => console.log(state))
client.on('error', ({ code, message }) => console.error(code, message))

client.connect()
for (const { id } of (await client.call('list_conversations', { limit: 50 })).conversations) await client.join(id)
console.log('listening')
process.once('SIGTERM', () => client.close())
