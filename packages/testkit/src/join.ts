import type { Message } from '@viatra-chat/contract'
import type { Connection } from './connection.js'
import { eventually } from './eventually.js'
import type { Person } from './person.js'

/** Opens a connection to a gateway, default the first, and joins a conversation. */
export async function joinFrom(person: Person, conversation: { id: string }, gateway = 0): Promise<Connection> {
  const connection = await person.connect(gateway)
  await connection.get('join_conversation', { conversationId: conversation.id })
  return connection
}

/**
 * Shows that nothing else is to come: a message takes the same way as the events before it, and arrives at every one of these connections,
 * joined or not. Afterwards what they heard is complete; the events of the message itself are taken out of it again.
 */
export async function hearOut(sender: Person, conversation: { id: string }, ...connections: Connection[]): Promise<void> {
  await Promise.all(connections.map((connection) => connection.settled()))
  const { id } = await sender.send(conversation, 'That was all.')
  await Promise.all(connections.map((connection) => eventually(() => connection.drop((heard) => isOf(id, heard.payload)))))
}

function isOf(id: string, payload: unknown): boolean {
  const { id: messageId, last_message } = payload as { id?: string; last_message?: Message | null }
  return messageId === id || last_message?.id === id
}
