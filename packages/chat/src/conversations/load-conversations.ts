import {
  bounds,
  type Conversation,
  type ConversationId,
  type Message,
  type Participant,
  type SharedConversation,
  type UserId,
} from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { loadNewestMessages } from '../messages/load-messages.js'
import type { Reading } from '../messages/open-rows.js'
import { groupBy } from '../group-by.js'
import { readPresence } from '../presence/read-presence.js'
import { countUnread } from '../receipts/count-unread.js'
import { Refusal } from '../refusal.js'
import { shownMetadata } from '../shown-metadata.js'
import {
  findShared,
  listOwn,
  listOwnByIds,
  listOwnChanged,
  listParticipants,
  type ConversationRow,
  type ParticipantRow,
} from './conversations.sql.js'

/** What can be kept of conversations: everything but who is online. */
export type StoredConversation = Omit<Conversation, 'participants'> & { participants: Omit<Participant, 'is_online' | 'last_seen'>[] }

/** Turns rows into conversations as one person sees them: four queries, whatever their number. */
export async function loadConversations(at: Reading, rows: readonly ConversationRow[], viewer: UserId): Promise<StoredConversation[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const [participants, newest, unread] = await Promise.all([
    listParticipants(at.db, ids, bounds.channelParticipantsShown),
    loadNewest(at, ids),
    countUnread(at.db, ids, viewer),
  ])
  const byConversation = groupBy(participants, (participant) => participant.conversation_id)
  return rows.map((row) => ({
    ...toShared(row, byConversation.get(row.id) ?? [], newest.get(row.id) ?? null),
    unread_count: unread.get(row.id) ?? 0,
  }))
}

/** The conversations of a person with the newest activity. */
export async function loadNewestConversations(at: Reading, viewer: UserId, limit: number): Promise<StoredConversation[]> {
  const { rows } = await listOwn(at.db, viewer, { type: undefined, offset: 0, limit, below: undefined })
  return loadConversations(at, rows, viewer)
}

/** Conversations that a person joined, or whose metadata, members or roles changed, since a snapshot. */
export async function loadChangedConversations(at: Reading, viewer: UserId, since: string): Promise<StoredConversation[]> {
  return loadConversations(at, await listOwnChanged(at.db, viewer, since), viewer)
}

/** Adds who is online now: always fresh, also when the rest came from a cache. */
export async function withPresence<T extends { participants: Omit<Participant, 'is_online' | 'last_seen'>[] }>(
  chat: Chat,
  conversations: readonly T[],
): Promise<(T & { participants: Participant[] })[]> {
  const people = conversations.flatMap((conversation) => conversation.participants.map((participant) => participant.id))
  const presence = await readPresence(chat, people)
  const seen = (id: UserId) => presence.get(id) ?? { isOnline: false, lastSeen: null }
  return conversations.map((conversation) => ({
    ...conversation,
    participants: conversation.participants.map((participant) => {
      const { isOnline, lastSeen } = seen(participant.id)
      return { ...participant, is_online: isOnline, last_seen: lastSeen }
    }),
  }))
}

/** One conversation as a participant sees it, read after their write was committed. */
export async function loadConversation(chat: Chat, id: ConversationId, viewer: UserId): Promise<Conversation> {
  const [conversation] = await withPresence(chat, await loadConversations(chat, await listOwnByIds(chat.db, viewer, [id]), viewer))
  if (!conversation) throw new Refusal('NOT_A_PARTICIPANT')
  return conversation
}

/** One conversation as events carry it, the same for all. */
export async function loadShared(chat: Chat, id: ConversationId): Promise<SharedConversation> {
  const row = await findShared(chat.db, id)
  if (!row) throw new Refusal('CONVERSATION_NOT_FOUND')
  const [participants, newest] = await Promise.all([
    listParticipants(chat.db, [id], bounds.channelParticipantsShown),
    loadNewest(chat, [id]),
  ])
  const [shared] = await withPresence(chat, [toShared(row, participants, newest.get(id) ?? null)])
  if (!shared) throw new Refusal('CONVERSATION_NOT_FOUND')
  return shared
}

async function loadNewest(at: Reading, ids: readonly ConversationId[]): Promise<Map<ConversationId, Message>> {
  const messages = await loadNewestMessages(at, ids)
  return new Map(messages.map((message) => [message.conversation_id, message]))
}

function toShared(row: ConversationRow, participants: readonly ParticipantRow[], newest: Message | null) {
  return {
    id: row.id,
    type: row.type,
    participant_ids: participants.map((participant) => participant.user_id),
    participant_count: row.participant_count,
    created_by: row.created_by,
    last_message_at: row.last_message_at?.toISOString() ?? null,
    metadata: shownMetadata(row.metadata),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    participants: participants.map(toParticipant),
    last_message: newest,
  }
}

function toParticipant({ user_id, first_name, last_name, avatar_url, role, participant_role }: ParticipantRow) {
  return { id: user_id, first_name, last_name, avatar_url, role, participant_role }
}
