import type pg from 'pg'
import type { LegacyConversation } from './legacy-source.js'

type Remark = (sentence: string) => void

/** Creates the conversation with its members unless an earlier run did; adds those who came since. */
export async function moveConversation(
  target: pg.Client,
  conversation: LegacyConversation,
  remark: Remark,
): Promise<'moved' | 'known' | 'left_out'> {
  const memberIds = await knownPeople(target, conversation, remark)
  const owner = memberIds.find((id) => id === conversation.created_by) ?? memberIds[0]
  if (owner === undefined) {
    remark(`Conversation ${conversation.id} has nobody in it that is known; it was left out.`)
    return 'left_out'
  }
  await target.query('begin')
  try {
    const isNew = await insertConversation(target, conversation, { memberIds, owner }, remark)
    await insertMembers(target, conversation, { memberIds, owner })
    await target.query('commit')
    return isNew ? 'moved' : 'known'
  } catch (error) {
    await target.query('rollback')
    throw error
  }
}

/** The old array had no foreign key: it may name people who are gone, and one person twice. */
async function knownPeople(target: pg.Client, { id, participant_ids }: LegacyConversation, remark: Remark): Promise<string[]> {
  const unique = [...new Set(participant_ids)]
  const { rows } = await target.query<{ id: string }>('select id from users where id = any($1::uuid[])', [unique])
  const known = unique.filter((userId) => rows.some((row) => row.id === userId))
  if (known.length < unique.length)
    remark(`Conversation ${id} names ${unique.length - known.length} people who do not exist; they are not in it.`)
  return known
}

interface Cast {
  memberIds: string[]
  owner: string
}

async function insertConversation(target: pg.Client, conversation: LegacyConversation, cast: Cast, remark: Remark): Promise<boolean> {
  const { rows } = await target.query('select 1 from conversations where id = $1', [conversation.id])
  if (rows.length > 0) return false
  const directKey = await directKeyOf(target, conversation, cast.memberIds, remark)
  const type = conversation.type === 'direct' && directKey === null ? 'group' : conversation.type
  await target.query(
    `insert into conversations (id, type, direct_key, created_by, metadata, participant_count, last_message_at, created_at, updated_at)
     values ($1, $2, $3, $4, $5, 0, $6, $7, $8)`,
    [
      conversation.id,
      type,
      directKey,
      conversation.created_by ?? cast.owner,
      conversation.metadata,
      conversation.last_message_at,
      conversation.created_at,
      conversation.updated_at,
    ],
  )
  return true
}

/** Two people have one direct conversation here; the old tables let them have several, and let a direct one have more than two people. */
async function directKeyOf(
  target: pg.Client,
  conversation: LegacyConversation,
  memberIds: string[],
  remark: Remark,
): Promise<string | null> {
  if (conversation.type !== 'direct') return null
  if (memberIds.length !== 2) {
    remark(`Direct conversation ${conversation.id} has ${memberIds.length} people; it became a group.`)
    return null
  }
  const key = [...memberIds].sort().join(':')
  const { rows } = await target.query<{ id: string }>('select id from conversations where direct_key = $1', [key])
  if (rows[0] === undefined) return key
  remark(`Direct conversation ${conversation.id} is a second one of the same people as ${rows[0].id}; it became a group of two.`)
  return null
}

/** Whoever left in the new product since an earlier run stays away. */
async function insertMembers(target: pg.Client, { id, created_at }: LegacyConversation, { memberIds, owner }: Cast): Promise<void> {
  const { rowCount } = await target.query(
    `insert into conversation_members (conversation_id, user_id, role, joined_at)
     select $1, u, case when u = $3 and not exists (select 1 from conversation_members where conversation_id = $1) then 'owner' else 'member' end, $4
     from unnest($2::uuid[]) u where not exists (select 1 from former_members f where f.conversation_id = $1 and f.user_id = u)
     on conflict do nothing`,
    [id, memberIds, owner, created_at],
  )
  if (rowCount === 0) return
  await target.query(
    `update conversations set version = version + 1, membership_version = membership_version + 1, changed_xid = pg_current_xact_id(),
       participant_count = (select count(*) from conversation_members where conversation_id = $1)
     where id = $1`,
    [id],
  )
}
