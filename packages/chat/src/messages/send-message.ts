import type { ConversationId, Message, MessageId, OperationInput } from '@viatra-chat/contract'
import { v7 as uuidv7 } from 'uuid'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { requireMembership } from '../membership/membership.js'
import { Refusal } from '../refusal.js'
import { loadMessage } from './load-messages.js'
import { saysTheSame, sendSealed } from './seal-draft.js'
import type { Draft, SentRow, Verdict } from './send-statement.js'

/** Stores a message and announces it. A retry with the same client_message_id gets the first one as it is now and announces nothing. */
export async function sendMessage(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'send_message'>,
  { requestId }: CallContext,
): Promise<Answer<Message>> {
  if (input.message_type === 'system' && !actor.isAdmin) {
    // Strangers are strangers, whatever they ask for.
    await requireMembership(chat, actor, input.conversation_id)
    throw new Refusal('FORBIDDEN', { message: 'System messages are written by the server and by administrators.' })
  }
  const draft = toDraft(actor, input, requestId)
  const outcome = await (chat.contents.seals ? sendSealed(chat, actor, draft) : chat.sends.send(draft))
  // What was stored unseen is announced by the outbox relay.
  if (outcome.kind === 'stored_unseen') return { data: await readAgain(chat, draft, draft.id) }
  if (outcome.kind === 'refused') return repeated(chat, draft, outcome.row)
  const { message, json } = outcome.sent
  chat.endTyping(message.conversation_id, message.sender_id)
  return { data: message, json }
}

async function repeated(chat: Chat, draft: Draft, { verdict, earlier_id: earlierId }: SentRow): Promise<Answer<Message>> {
  if (earlierId === null || (verdict !== 'ALREADY_SENT' && verdict !== 'EARLIER')) throw refusalOf(verdict)
  if (verdict === 'EARLIER' && !(await saysTheSame(chat, earlierId, draft))) throw refusalOf('CONFLICT')
  return { status: 200, data: await readAgain(chat, draft, earlierId) }
}

function toDraft(actor: Actor, input: OperationInput<'send_message'>, requestId: string): Draft {
  return {
    id: uuidv7(),
    conversationId: input.conversation_id,
    senderId: actor.userId,
    messageType: input.message_type ?? 'text',
    content: input.content ?? null,
    metadata: input.metadata === undefined ? '{}' : JSON.stringify(input.metadata),
    clientMessageId: input.client_message_id ?? null,
    parentMessageId: input.parent_message_id ?? null,
    requestId,
  }
}

async function readAgain(chat: Chat, { conversationId }: Draft, id: string): Promise<Message> {
  const message = await loadMessage(chat, conversationId as ConversationId, id as MessageId)
  if (!message) throw new Error('a stored message is not there')
  return message
}

function refusalOf(verdict: Verdict): Refusal {
  switch (verdict) {
    case 'FORBIDDEN':
      return new Refusal('FORBIDDEN', { message: 'Only owner and moderators post in a channel.' })
    case 'MESSAGE_NOT_FOUND':
      return new Refusal('MESSAGE_NOT_FOUND', { message: 'The message to reply to is not in this conversation.' })
    case 'CONFLICT':
    case 'CONVERSATION_NOT_FOUND':
    case 'NOT_A_PARTICIPANT':
      return new Refusal(verdict)
    case 'KEY_GONE':
      return new Refusal('UNAVAILABLE', { retryAfterS: 1 })
    default:
      throw new Error(`a send was judged ${verdict}`)
  }
}
