import {
  bounds,
  type Conversation,
  type ConversationId,
  type ConversationType,
  type OperationInput,
  type UserId,
} from '@viatra-chat/contract'
import { v7 as uuidv7 } from 'uuid'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { requireActivePeople } from '../membership/require-active-people.js'
import { invalid } from '../refusal.js'
import { announceConversation } from './announce-conversation.js'
import { findDirect, insertConversation, type NewConversation } from './conversations.sql.js'
import { loadConversation } from './load-conversations.js'

type Input = OperationInput<'create_conversation'>

/** Creates a conversation, or finds the direct one of the same two people: simultaneous calls make one row, and one of them answers 201. */
export async function createConversation(chat: Chat, actor: Actor, input: Input, context: CallContext): Promise<Answer<Conversation>> {
  const conversation = plan(actor, input)
  await requireActivePeople(chat.db, input.participant_ids ?? [])
  const outboxId = await insert(chat, conversation, context)
  if (outboxId === undefined) return { status: 200, data: await loadConversation(chat, await getDirect(chat, conversation), actor.userId) }
  const loaded = await loadConversation(chat, conversation.id, actor.userId)
  void chat.outbox.deliver(chat, outboxId, (telling) => announceConversation(telling, loaded, conversation.userIds))
  return { status: 201, data: loaded }
}

/** The row of the outbox; undefined when the direct conversation is there already. */
function insert(chat: Chat, conversation: NewConversation, { requestId }: CallContext): Promise<string | undefined> {
  const { id: conversationId, userIds, createdBy: actorId, type } = conversation
  return chat.db.transaction().execute(async (tx) => {
    const isNew = await insertConversation(tx, conversation)
    if (!isNew) return undefined
    await recordAudit(tx, { actorId, action: 'conversation_created', conversationId, requestId, details: { type, user_ids: userIds } })
    return chat.outbox.append(tx, { kind: 'creation', conversationId, userIds: [...userIds] })
  })
}

function plan(actor: Actor, input: Input): NewConversation {
  const userIds = [...new Set<UserId>([actor.userId, ...(input.participant_ids ?? [])])]
  const type = input.type ?? (userIds.length === 2 ? 'direct' : 'group')
  requireSize(type, userIds.length)
  return {
    id: uuidv7() as ConversationId,
    type,
    directKey: type === 'direct' ? [...userIds].sort().join(':') : null,
    createdBy: actor.userId,
    metadata: input.metadata ?? {},
    userIds,
  }
}

function requireSize(kind: ConversationType, people: number): void {
  const refuse = (message: string) => invalid({ path: 'participant_ids', message })
  switch (kind) {
    case 'direct':
      if (people !== 2) throw refuse('must name exactly one other person for a direct conversation')
      return
    case 'group':
      if (people < 2) throw refuse('must name at least one other person')
      if (people > bounds.groupParticipantsMax) throw refuse(`must not make a group of more than ${bounds.groupParticipantsMax} people`)
      return
    case 'channel':
      return
    default:
      kind satisfies never
  }
}

async function getDirect(chat: Chat, { directKey }: NewConversation): Promise<ConversationId> {
  const id = directKey === null ? undefined : await findDirect(chat.db, directKey)
  if (id === undefined) throw new Error('a direct conversation that is in the way is not there')
  return id
}
