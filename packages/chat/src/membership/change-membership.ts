import { setTimeout as delay } from 'node:timers/promises'
import type { Conversation, ConversationId, Message, MessageId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Transaction } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import { loadConversation } from '../conversations/load-conversations.js'
import type { Announcement, SystemAction } from '../events/announcement.js'
import type { CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { appendSystemMessage } from '../messages/append-system-message.js'
import { toMessage } from '../messages/message-row.js'
import { nobody, senderAlone } from '../receipts/readers.js'
import { Refusal } from '../refusal.js'
import { announceChange } from './announce-change.js'
import { lockMembership, type Membership } from './membership.js'
import { findNames, touchMembership } from './membership.sql.js'

/** What a change did: the facts of its system message. */
export interface Change {
  action: SystemAction
  userIds: readonly UserId[]
  newOwnerId?: UserId
  /** The role that was given. */
  role?: Membership['role']
  /** The sentence for people; names stand in for ids. */
  say(name: (id: UserId) => string): string
}

// A Redis that answers nothing holds up no answer of ours.
const tellingMsMax = 250

/** Who changes something, in which call. */
export interface ChangeCall extends CallContext {
  actor: Actor
}

type Apply = (tx: Transaction<Tables>, membership: Membership) => Promise<Change | undefined>

/**
 * The frame of every change to a conversation: lock, prove membership, apply, write the one system message; after commit tell
 * everybody. `apply` returns undefined when nothing changed: then nothing is written and nobody is told.
 */
export async function changeConversation(chat: Chat, call: ChangeCall, conversationId: ConversationId, apply: Apply): Promise<void> {
  const done = await chat.db.transaction().execute(async (tx) => {
    const membership = await lockMembership(tx, call.actor, conversationId)
    requireChangeable(membership)
    const change = await apply(tx, membership)
    if (!change) return undefined
    if (change.action !== 'metadata_changed') await touchMembership(tx, conversationId)
    const message = await writeSystemMessage(tx, membership, change)
    await recordChange(tx, call, conversationId, change)
    const { action, userIds } = change
    const announcement: Announcement = { kind: 'change', action, conversationId, messageId: message.id, userIds: [...userIds] }
    return { change, message, outboxId: await chat.outbox.append(tx, announcement) }
  })
  if (!done) return
  const told = chat.outbox.deliver(chat, done.outboxId, (telling) => announceChange(telling, done.change, done.message))
  // Whoever has the answer may send at once, and all of the change is to be heard before that.
  await Promise.race([told, delay(tellingMsMax)])
}

function recordChange(
  tx: Transaction<Tables>,
  { actor, requestId }: ChangeCall,
  conversationId: ConversationId,
  change: Change,
): Promise<void> {
  const { action, userIds, newOwnerId, role } = change
  const details = { user_ids: userIds, ...(newOwnerId && { new_owner_id: newOwnerId }), ...(role && { role }) }
  return recordAudit(tx, { actorId: actor.userId, action, conversationId, requestId, details })
}

/** The conversation as the actor sees it after a change. */
export function afterChange(chat: Chat, actor: Actor, conversationId: ConversationId): Promise<Conversation> {
  return loadConversation(chat, conversationId, actor.userId)
}

export function requireRole(membership: Membership, ...roles: Membership['role'][]): void {
  if (!roles.includes(membership.role)) throw new Refusal('FORBIDDEN', { message: `Only ${roles.join(' or ')} may do this.` })
}

function requireChangeable({ conversation }: Membership): void {
  if (conversation.type === 'direct') throw new Refusal('FORBIDDEN', { message: 'A direct conversation cannot be changed.' })
}

async function writeSystemMessage(tx: Transaction<Tables>, membership: Membership, change: Change): Promise<Message> {
  const { action, userIds, newOwnerId } = change
  const names = await findNames(tx, [membership.userId, ...userIds, ...(newOwnerId ? [newOwnerId] : [])])
  const nameOf = new Map(names.map((person) => [person.id, `${person.first_name} ${person.last_name}`.trim()]))
  const row = await appendSystemMessage(tx, membership, {
    id: uuidv7() as MessageId,
    content: change.say((userId) => nameOf.get(userId) || 'Somebody'),
    metadata: { action, actor_id: membership.userId, user_ids: userIds, ...(newOwnerId && { new_owner_id: newOwnerId }) },
  })
  return toMessage(row, action === 'participant_left' ? nobody : senderAlone)
}
