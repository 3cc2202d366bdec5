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
import { findNewest } from '../messages/load-messages.js'
import { toMessage } from '../messages/message-row.js'
import type { Reading } from '../messages/open-rows.js'
import { groupBy } from '../group-by.js'
import { readPresence } from '../presence/read-presence.js'
import { loadReadersAcross } from '../receipts/load-readers.js'
import { readersAmong } from '../receipts/readers.js'
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
  type SharedRow,
} from './conversations.sql.js'

/** What can be kept of conversations: everything but who is online. */
export type StoredConversation = Stored<Conversation>
type StoredShared = Stored<SharedConversation>
type Stored<T> = Omit<T, 'participants'> & { participants: Omit<Participant, 'is_online' | 'last_seen'>[] }

/** Turns rows into conversations as one person sees them: two queries, whatever their number, and one more where a channel is among them. */
export async function loadConversations(at: Reading, rows: readonly ConversationRow[]): Promise<StoredConversation[]> {
  const show = await loadShown(at, rows)
  return rows.map((row) => ({ ...show(row), unread_count: Number(row.unread_count) }))
}

/** The conversations of a person with the newest activity. */
export async function loadNewestConversations(at: Reading, viewer: UserId, limit: number): Promise<StoredConversation[]> {
  const { rows } = await listOwn(at.db, viewer, { type: undefined, offset: 0, limit, below: undefined })
  return loadConversations(at, rows)
}

/** Conversations that a person joined, or whose metadata, members or roles changed, since a snapshot. */
export async function loadChangedConversations(at: Reading, viewer: UserId, since: string): Promise<StoredConversation[]> {
  return loadConversations(at, await listOwnChanged(at.db, viewer, since))
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
  const [conversation] = await withPresence(chat, await loadConversations(chat, await listOwnByIds(chat.db, viewer, [id])))
  if (!conversation) throw new Refusal('NOT_A_PARTICIPANT')
  return conversation
}

/** One conversation as events carry it, the same for all. */
export async function loadShared(chat: Chat, id: ConversationId): Promise<SharedConversation> {
  const row = await findShared(chat.db, id)
  if (!row) throw new Refusal('CONVERSATION_NOT_FOUND')
  const show = await loadShown(chat, [row])
  const [shared] = await withPresence(chat, [show(row)])
  if (!shared) throw new Refusal('CONVERSATION_NOT_FOUND')
  return shared
}

/** What turns each of these rows into what everybody sees of it. */
async function loadShown(at: Reading, rows: readonly SharedRow[]): Promise<(row: SharedRow) => StoredShared> {
  if (rows.length === 0) return (row) => toShared(row, [], null)
  const ids = rows.map(({ id }) => id)
  const newest = new Map((await findNewest(at, ids)).map((message) => [message.conversation_id, message]))
  const asked = rows.map(({ id }) => ({ id, seq: Number(newest.get(id)?.seq ?? 0) }))
  const participants = groupBy(
    await listParticipants(at.db, asked, bounds.channelParticipantsShown),
    (participant) => participant.conversation_id,
  )
  // Of a channel not everybody who read is among those shown.
  const inChannels = rows.flatMap(({ id, type }) => (type === 'channel' ? (newest.get(id) ?? []) : []))
  const readersInChannels = await loadReadersAcross(at.db, inChannels)
  return (row) => {
    const shown = participants.get(row.id) ?? []
    const message = newest.get(row.id)
    const readers = message && (row.type === 'channel' ? readersInChannels(message) : readersAmong(shown))
    return toShared(row, shown, readers ? toMessage(message, readers) : null)
  }
}

function toShared(row: SharedRow, participants: readonly ParticipantRow[], newest: Message | null): StoredShared {
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
