import type { Conversation, Message, Participant } from '@viatra-chat/client'

export const fullName = (person: { first_name: string; last_name: string }): string =>
  `${person.first_name} ${person.last_name}`.trim() || 'Somebody'

/** The other one of a direct conversation. */
export function otherOf(conversation: Conversation, meId: string): Participant | undefined {
  return conversation.type === 'direct' ? conversation.participants.find(({ id }) => id !== meId) : undefined
}

export function titleOf(conversation: Conversation, meId: string): string {
  const { name } = conversation.metadata
  if (typeof name === 'string' && name.trim() !== '') return name
  const others = conversation.participants.filter(({ id }) => id !== meId)
  return others.slice(0, 4).map(fullName).join(', ') || 'Only you'
}

/** One line about the newest message. */
export function previewOf(conversation: Conversation, meId: string): string {
  const message = conversation.last_message
  if (!message) return 'No messages yet'
  const text = contentOf(message)
  if (message.message_type === 'system') return text
  if (message.sender_id === meId) return `You: ${text}`
  return conversation.type === 'direct' ? text : `${message.sender.first_name}: ${text}`
}

export function contentOf({ content, message_type, metadata }: Message): string {
  if (content) return content
  if (typeof metadata.file_name === 'string') return metadata.file_name
  return { image: 'Picture', file: 'File', text: '', system: '' }[message_type]
}
