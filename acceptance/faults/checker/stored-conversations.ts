import type pg from 'pg'

/** Metadata and members of a conversation as they are stored. */
export interface StoredConversation {
  metadata: Record<string, unknown>
  members: ReadonlyMap<string, StoredMember>
}

export interface StoredMember {
  role: string
  /** Nothing up to this seq counts as unread. */
  joinedSeq: number
  /** Seqs. */
  read: ReadonlySet<number>
  delivered: ReadonlySet<number>
}

type Range = [from: number, below: number]

interface MemberRow {
  conversation_id: string
  metadata: Record<string, unknown>
  user_id: string
  role: string
  joined_seq: string
  read: Range[]
  delivered: Range[]
}

export async function listConversations(database: pg.Pool, ids: readonly string[]): Promise<Map<string, StoredConversation>> {
  const { rows } = await database.query<MemberRow>(
    `select c.id as conversation_id, c.metadata, m.user_id, m.role, m.joined_seq,
       (select coalesce(jsonb_agg(jsonb_build_array(lower(r), upper(r))), '[]') from unnest(m.read_seqs) r) as read,
       (select coalesce(jsonb_agg(jsonb_build_array(lower(r), upper(r))), '[]') from unnest(m.delivered_seqs) r) as delivered
     from conversations c join conversation_members m on m.conversation_id = c.id where c.id = any($1)`,
    [ids],
  )
  const stored = new Map<string, { metadata: Record<string, unknown>; members: Map<string, StoredMember> }>()
  for (const { conversation_id, metadata, user_id, role, joined_seq, read, delivered } of rows) {
    const conversation = stored.get(conversation_id) ?? { metadata, members: new Map<string, StoredMember>() }
    conversation.members.set(user_id, { role, joinedSeq: Number(joined_seq), read: seqsOf(read), delivered: seqsOf(delivered) })
    stored.set(conversation_id, conversation)
  }
  return stored
}

function seqsOf(ranges: readonly Range[]): Set<number> {
  const seqs = new Set<number>()
  for (const [from, below] of ranges) for (let seq = from; seq < below; seq++) seqs.add(seq)
  return seqs
}
