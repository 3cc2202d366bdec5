// One conversation in a page, without any framework. Opened as browser.html#token=…&conversation=…
import { createChatClient } from '@viatra-chat/client'

const { token, conversation } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)))
const element = (id) => document.getElementById(id)
const client = createChatClient({ url: location.origin, getToken: () => token })

client.on('state', (state) => (element('state').textContent = state))
client.on('message', show)
client.on('message_deleted', ({ messageId }) => document.getElementById(messageId)?.remove())
client.connect()

// The history up to what the join tells is ours to load; everything beyond it comes as `message`.
const lastSeq = await client.join(conversation)
const { messages } = await client.call('list_messages', { conversation_id: conversation })
messages
  .filter(({ seq }) => seq <= lastSeq)
  .toReversed()
  .forEach(show)

element('form').addEventListener('submit', (event) => {
  event.preventDefault()
  client.send(conversation, { content: element('text').value })
  element('text').value = ''
})

function show({ id, sender, content, conversation_id }) {
  const item = document.createElement('li')
  item.id = id
  // Text, never markup: whoever wrote it may be anybody.
  item.textContent = `${sender.first_name}: ${content}`
  element('messages').append(item)
  client.markRead(conversation_id, [id])
}
