import { toMultirange } from './multirange.js'
import type { Mark } from './tell-receipts.js'
import type { Story, ToldMember } from './tell-story.js'

/** Rows of one conversation by table, in an order in which they can be inserted. */
export interface StoryRows {
  conversations: object[]
  conversation_members: object[]
  former_members: object[]
  messages: object[]
  conversation_deletions: object[]
  receipt_marks: object[]
  audit_log: object[]
}

/** Messages with near seqs share a bucket of the log: its number is seq >> 5. */
const bucketBits = 5

/** @param version of the conversation: higher than in any database seeded before, since ids are fixed and a cache may remember them. */
export function storyRows(story: Story, marks: readonly Mark[], version: number): StoryRows {
  const messages = story.exchanges.flatMap((exchange) => exchange.messages)
  const deleted = messages.filter((message) => message.deletedAt !== null)
  const conversationId = story.scene.id
  return {
    conversations: [conversationRow(story, version)],
    conversation_members: story.members.filter((member) => member.leftAt === null).map((member) => memberRow(story, member, marks)),
    former_members: story.members.filter((member) => member.leftAt !== null).map((member) => formerRow(story, member, marks)),
    messages: messages.map((message) => ({
      conversation_id: conversationId,
      seq: message.seq,
      id: message.id,
      sender_id: message.senderId,
      parent_message_id: message.parentId,
      message_type: message.messageType,
      content: message.content,
      metadata: message.metadata,
      is_deleted: message.deletedAt !== null,
      deleted_at: time(message.deletedAt),
      deleted_by: message.deletedAt === null ? null : message.senderId,
      created_at: time(message.at),
      updated_at: time(message.deletedAt ?? message.at),
    })),
    conversation_deletions:
      deleted.length > 0 ? [{ conversation_id: conversationId, seqs: toMultirange(deleted.map((message) => message.seq)) }] : [],
    receipt_marks: marks.flatMap((mark) => markRows(conversationId, mark)),
    audit_log: deleted.map((message) => ({
      at: time(message.deletedAt),
      actor_id: message.senderId,
      action: 'message_deleted',
      conversation_id: conversationId,
      message_id: message.id,
    })),
  }
}

function conversationRow({ scene, exchanges, members, createdAt, changedAt }: Story, version: number): object {
  const messages = exchanges.flatMap((exchange) => exchange.messages)
  const [first, second] = scene.cast.map((person) => person.id).sort()
  return {
    id: scene.id,
    type: scene.type,
    direct_key: scene.type === 'direct' ? `${first}:${second}` : null,
    created_by: scene.cast[0]?.id,
    metadata: scene.metadata,
    last_seq: messages.length,
    message_count: messages.filter((message) => message.deletedAt === null).length,
    participant_count: members.filter((member) => member.leftAt === null).length,
    last_message_at: time(messages.at(-1)?.at ?? null),
    version,
    membership_version: 1 + scene.turns.filter((turn) => turn.action !== 'metadata_changed').length,
    created_at: time(createdAt),
    updated_at: time(changedAt),
  }
}

function memberRow(story: Story, member: ToldMember, marks: readonly Mark[]): object {
  return {
    conversation_id: story.scene.id,
    user_id: member.userId,
    role: member.role,
    joined_seq: member.joinedSeq,
    joined_at: time(member.joinedAt),
    ...receiptsOf(story, member, marks),
    receipts_version: marks.filter((mark) => mark.userId === member.userId).length,
  }
}

function formerRow(story: Story, member: ToldMember, marks: readonly Mark[]): object {
  return { conversation_id: story.scene.id, user_id: member.userId, left_at: time(member.leftAt), ...receiptsOf(story, member, marks) }
}

// As the domain does it: own and deleted messages are covered with those around them, so that the ranges have no gaps there.
function receiptsOf({ exchanges }: Story, { userId, joinedSeq }: ToldMember, marks: readonly Mark[]) {
  const messages = exchanges.flatMap((exchange) => exchange.messages)
  const bridges = messages.filter((message) => message.senderId === userId || message.deletedAt !== null).map((message) => message.seq)
  const covered = (some: readonly Mark[]) => {
    const seqs = some.flatMap((mark) => mark.seqs)
    const last = Math.max(...seqs)
    return toMultirange([...new Set([...seqs, ...bridges.filter((seq) => seq > joinedSeq && seq < last)])].sort((a, b) => a - b))
  }
  const own = marks.filter((mark) => mark.userId === userId)
  return { delivered_seqs: covered(own), read_seqs: covered(own.filter((mark) => mark.kind === 'read')) }
}

function markRows(conversationId: string, { userId, kind, seqs, at }: Mark): object[] {
  const buckets = [...new Set(seqs.map((seq) => seq >> bucketBits))]
  return buckets.map((bucket) => ({
    conversation_id: conversationId,
    bucket,
    user_id: userId,
    kind,
    seqs: toMultirange(seqs.filter((seq) => seq >> bucketBits === bucket)),
    at: time(at),
  }))
}

const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
