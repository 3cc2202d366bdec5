import type { MessageType } from '@viatra-chat/contract'
import type pg from 'pg'
import { uuidArray } from './uuid-array.js'

/** A message that waits to be stored. */
export interface Draft {
  id: string
  conversationId: string
  senderId: string
  messageType: MessageType
  content: string | null
  metadata: string
  clientMessageId: string | null
  parentMessageId: string | null
  /** The request that brought it, for the log. */
  requestId: string
  /** What is stored in place of content and metadata. */
  sealed?: { bytes: Buffer; keyVersion: number; /** Of the metadata, as JSON: what is left readable. */ visibleMetadata: string }
}

/**
 * What became of a draft. `RETRY`: the membership changed while the statement waited for the conversation, or since it was remembered; ask again. `JUDGE`: nothing
 * of the batch was stored, for a client id in it was used before; ask the statement that judges. Where content may be
 * sealed, `EARLIER`: there is a message of this client id, and whether it says the same is for others to see; `KEY_GONE`: the key that sealed
 * the draft was destroyed.
 */
export type Verdict =
  | 'SENT'
  | 'ALREADY_SENT'
  | 'CONFLICT'
  | 'EARLIER'
  | 'KEY_GONE'
  | 'CONVERSATION_NOT_FOUND'
  | 'NOT_A_PARTICIPANT'
  | 'FORBIDDEN'
  | 'MESSAGE_NOT_FOUND'
  | 'RETRY'
  | 'JUDGE'

/** What a statement answers for a draft; what the draft says itself is not repeated. */
export interface SentRow {
  n: number
  verdict: Verdict
  earlier_id: string | null
  /** By which the sender was judged. */
  membership_version?: string
  /** The batch's row in the outbox; null when nothing of it was stored. */
  outbox_id: string | null
  seq: string | null
  created_ms: number
  /** As stored; null: `{}`. */
  metadata: Record<string, unknown> | null
  first_name: string | null
  last_name: string | null
  avatar_url: string | null
  role: string | null
  /** Of the parent: only where drafts may have one. */
  parent_seq?: string | null
  parent_sender_id?: string | null
  parent_type?: MessageType | null
  parent_content?: string | null
  parent_deleted?: boolean | null
  /** Only where content may be sealed. */
  parent_sealed?: Buffer | null
}

/** What goes with the messages of `numbered`, those that have a seq: the log, what is to be told, what pushes are decided by. Given are the numbers of parameters. */
export const toldOf = ({ told, audited, pushes }: Record<'told' | 'audited' | 'pushes', string>) => `
told as (
  delete from outbox where id = any(${told}::bigint[])
), audited as (
  insert into audit_log (action, details)
  select 'messages_sent', ('{"messages": [' || string_agg('["' || id || '","' || conversation_id || '",' || seq || ',"' || sender_id || '"]', ',') || ']}')::jsonb
  from numbered where ${audited}::boolean and seq is not null having count(*) > 0
), places as materialized (
  select ('[' || string_agg(place, ',') || ']')::jsonb as places, bool_or(message_type = 'system') as some_are_quiet,
    '[' || string_agg(place, ',') filter (where message_type <> 'system') || ']' as heard
  from (select message_type, '["' || conversation_id || '",' || seq || ']' as place from numbered where seq is not null offset 0) p
  having count(*) > 0
), untold as (
  insert into outbox (announcement) select jsonb_build_object('kind', 'messages', 'at', places) from places returning id
), intended as (
  insert into push_intents (messages)
  select case when some_are_quiet then heard::jsonb else places end from places where ${pushes}::boolean and heard is not null
)`

// One statement for many sends: it judges each draft for itself; takes the seqs of all that may be sent by changing their conversations, in the
// order of their ids, so that two processes cannot wait for each other in a circle; and inserts. The locks of these changes last until the
// commit, so that the order of seqs is commit order and has no gap.
// What it judges by is older than the locks it waits for. Two things can have changed meanwhile: memberships, seen by membership_version, since
// a condition of an update is looked at anew under the lock (RETRY: nothing is changed, no seq is taken); and client ids, seen by the unique
// index (the whole statement fails and runs again). last_seq comes from the changed row.
// No list of drafts is joined with another: by nested loops, all that the writer's settings leave, 64 drafts would be compared 4,096 times
// for each. A draft finds the seqs of its conversation by a binary search instead, which is what width_bucket does. "offset 0" keeps the
// look-ups of earlier messages apart, so that drafts without such ids make none. The conversation of a parent is named twice: once is enough to
// look at no other partition, twice makes every index that begins with it look dearer than that of the ids, so that a plan made while the table
// was empty finds a parent by its id and not by walking through its conversation. The one of an update is an array of one, for which there is
// no plan that goes through the conversations in another order than the drafts.
// Lists of ids are put together as text and read as JSON at once: value by value they took twice as long.
// What stands in braces depends on whether there are master keys: without them nobody pays for sealing. A key that is destroyed while the
// statement waits for the conversation is seen as a change of membership is.
const batchText = `
with judged as (
  select i.*, c.membership_version, e.id as earlier_id, u.first_name, u.last_name, u.avatar_url, u.role,
    p.seq as parent_seq, p.sender_id as parent_sender_id, p.message_type as parent_type,
    left(p.content, 200) as parent_content, p.is_deleted as parent_deleted,{judgedColumns}
    case
      when c.id is null then 'CONVERSATION_NOT_FOUND'
      when m.user_id is null then 'NOT_A_PARTICIPANT'
      when e.id is not null then {earlier}
      when c.type = 'channel' and m.role = 'member' then 'FORBIDDEN'
      when i.parent_message_id is not null and p.id is null then 'MESSAGE_NOT_FOUND'{refusals}
      else 'SENT'
    end as judgement
  from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::uuid[]{arrays})
    as i (n, id, conversation_id, sender_id, message_type, content, metadata, client_message_id, parent_message_id{inputColumns})
  left join conversations c on c.id = i.conversation_id
  left join conversation_members m on m.conversation_id = i.conversation_id and m.user_id = i.sender_id
  left join lateral (
    select id, message_type, content, metadata, parent_message_id from messages
    where i.client_message_id is not null
      and conversation_id = i.conversation_id and sender_id = i.sender_id and client_message_id = i.client_message_id offset 0
  ) e on true
  left join lateral (
    select id, conversation_id, seq, sender_id, message_type, content, is_deleted{column} from messages
    where i.parent_message_id is not null and id = i.parent_message_id and conversation_id in (i.conversation_id, i.conversation_id) offset 0
  ) p on true{joins}
  left join users u on u.id = i.sender_id
), ranked as materialized (
  select *, count(*) filter (where judgement = 'SENT') over (partition by conversation_id order by n rows unbounded preceding) as rank from judged
), bumped as (
  update conversations c set last_seq = c.last_seq + a.total, message_count = c.message_count + a.total, version = c.version + 1,
    last_message_at = greatest(c.last_message_at, clock_timestamp()::timestamptz(3))
  from (
    select conversation_id, membership_version, count(*) as total from ranked where judgement = 'SENT' group by 1, 2 order by 1
  ) a
  where c.id = any(array[a.conversation_id]) and c.membership_version = a.membership_version
  returning c.id, c.last_seq - a.total as seq_before, c.last_message_at as at
), taken as materialized (
  select array_agg(id) as ids, array_agg(seq_before) as seqs_before, array_agg(at) as times from (select * from bumped order by id) b
), found as (
  select r.*, t.*, width_bucket(r.conversation_id, t.ids) as place from ranked r cross join taken t offset 0
), numbered as materialized (
  select n, id, conversation_id, sender_id, parent_message_id, message_type, content, metadata::jsonb as metadata, client_message_id,
    times[place] as created_at, judgement, membership_version, earlier_id, first_name, last_name, avatar_url, role,
    parent_seq, parent_sender_id, parent_type, parent_content, parent_deleted,{numberedColumns}
    case when judgement = 'SENT' and ids[place] = conversation_id then seqs_before[place] + rank end as seq
  from found
), stored as (
  insert into messages (conversation_id, seq, id, sender_id, parent_message_id, message_type, content, metadata, client_message_id, created_at, updated_at{column})
  select conversation_id, seq, id, sender_id, parent_message_id, message_type, content, metadata, client_message_id, created_at, created_at{column}
  from numbered where seq is not null
), ${toldOf({ told: '$10', audited: '$11', pushes: '$12' })}
select n, case when judgement = 'SENT' and seq is null then 'RETRY' else judgement end as verdict, earlier_id, membership_version,
  (select id from untold) as outbox_id, seq, extract(epoch from created_at)::float8 * 1000 as created_ms,
  nullif(metadata, '{}') as metadata, first_name, last_name, avatar_url, role,
  parent_seq, parent_sender_id, parent_type, parent_content, parent_deleted{parentColumn}
from numbered order by n`

const nothingSealed = {
  arrays: '',
  inputColumns: '',
  column: '',
  judgedColumns: '',
  numberedColumns: '',
  earlier: `case
        when (e.message_type, e.content, e.metadata, e.parent_message_id)
          is not distinct from (i.message_type, i.content, i.metadata::jsonb, i.parent_message_id) then 'ALREADY_SENT' else 'CONFLICT' end`,
  refusals: '',
  joins: '',
  parentColumn: '',
}

const maybeSealed: Sealing = {
  arrays: ', $13::bytea[], $14::int[]',
  inputColumns: ', sealed, key_version',
  column: ', sealed',
  judgedColumns: ' p.sealed as parent_sealed,',
  numberedColumns: ' sealed, parent_sealed,',
  // Ciphertexts of the same text differ.
  earlier: `'EARLIER'`,
  refusals: `
      when i.key_version is not null and k.version is null then 'KEY_GONE'`,
  joins: `
  left join lateral (
    select version from conversation_keys
    where i.key_version is not null and conversation_id = i.conversation_id and version = i.key_version and wrapped is not null offset 0
  ) k on true`,
  parentColumn: ', parent_sealed',
}

export const storeBatchText = withSealing(nothingSealed)
const storeSealedText = withSealing(maybeSealed)

type Sealing = typeof nothingSealed

function withSealing(sealing: Sealing): string {
  return batchText.replace(/\{(\w+)\}/g, (_, name: keyof Sealing) => sealing[name])
}

export interface BatchOptions {
  /** Rows of the outbox that may go. */
  told: readonly string[]
  /** Whether it is noted for those who decide on pushes. */
  pushes: boolean
  /** Whether the batch leaves a row in the audit log: which messages, where, of whom. */
  audited: boolean
  /** Whether content may be sealed, that of the drafts or that of messages which are there. */
  mayBeSealed?: boolean
}

/** Stores a batch in one transaction and answers each draft for itself, in the order given, which is the one of seqs in a conversation. */
export async function storeBatch(
  client: pg.Client,
  drafts: readonly Draft[],
  { told, audited, pushes, mayBeSealed = false }: BatchOptions,
): Promise<SentRow[]> {
  const column = <K extends keyof Draft>(key: K) => drafts.map((draft) => draft[key])
  const { rows } = await client.query<SentRow>({
    // Named: PostgreSQL parses and plans it once per connection, a third of its cost otherwise.
    name: mayBeSealed ? 'store-sealed-batch' : 'store-batch',
    text: mayBeSealed ? storeSealedText : storeBatchText,
    values: [
      numbersUpTo(drafts.length),
      uuidArray(column('id')),
      uuidArray(column('conversationId')),
      uuidArray(column('senderId')),
      listOf(column('messageType')),
      drafts.map(({ content, sealed }) => (sealed ? null : content)),
      drafts.map(({ metadata, sealed }) => sealed?.visibleMetadata ?? metadata),
      column('clientMessageId'),
      listOf(column('parentMessageId')),
      told,
      audited,
      pushes,
      ...(mayBeSealed ? [drafts.map(({ sealed }) => sealed?.bytes ?? null), drafts.map(({ sealed }) => sealed?.keyVersion ?? null)] : []),
    ],
  })
  return rows
}

/** An array of words, numbers or ids as PostgreSQL reads it: none of them needs quotes, which pg would look for in each. */
export const listOf = (words: readonly (string | number | null)[]) => `{${words.map((word) => word ?? 'NULL').join()}}`

const numbers: string[] = []
const numbersUpTo = (count: number) => (numbers[count] ??= `{${Array.from({ length: count }, (_, n) => n).join()}}`)

/** Which of these drafts are stored: asked after a connection was lost while a batch was under way. */
export async function findStored(client: pg.Client, drafts: readonly Draft[]): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(
    'select id from messages where (id, conversation_id) in (select * from unnest($1::uuid[], $2::uuid[]))',
    [drafts.map(({ id }) => id), drafts.map(({ conversationId }) => conversationId)],
  )
  return new Set(rows.map((row) => row.id))
}

/** Settings of the connection that runs the statement above. */
export const writerSettings = `
  set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_bitmapscan = off; set plan_cache_mode = force_generic_plan`
