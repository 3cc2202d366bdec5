import { fingerprints } from './conversations.sql.js'

// Both databases are asked in their own way for the same sums: what was moved is not compared with what the move thought.

const digest = (text: string) => `('x' || left(md5(${text}), 16))::bit(64)::bigint::numeric`

const withTimes = `
  select m.*, coalesce(m.created_at, m.updated_at, c.created_at, c.updated_at, 'epoch') as at
  from messages m join conversations c on c.id = m.conversation_id`

/** In the old database: what each conversation holds. People are those in users. */
export const whatTheOldHolds = `
with told as (
  select conversation_id, count(*) as messages, count(*) filter (where is_deleted) as deleted,
    sum(${digest(`row(place, id, sender_id, parent_message_id, message_type, content, metadata, is_edited, is_deleted, created_at, updated_at)::text`)}) as talk
  from (
    select conversation_id, row_number() over (partition by conversation_id order by at, id) as place, id, sender_id, parent_message_id, message_type,
      content, coalesce(metadata, '{}') as metadata, coalesce(is_edited, false) as is_edited, coalesce(is_deleted, false) as is_deleted,
      date_trunc('milliseconds', at) as created_at, date_trunc('milliseconds', coalesce(updated_at, at)) as updated_at
    from (${withTimes}) m
  ) m group by conversation_id
), marks as (
  select conversation_id, count(*) as receipts, sum(${digest(`id::text || user_id::text || kind`)}) as receipt_sum
  from (
    select m.conversation_id, m.id, r.user_id, r.kind from messages m
    cross join lateral (
      select unnest(m.read_by) as user_id, 'read' as kind union select unnest(m.read_by), 'delivered' union select unnest(m.delivered_to), 'delivered'
    ) r join users u on u.id = r.user_id
    where r.user_id <> m.sender_id and m.is_deleted is not true
  ) r group by conversation_id
), people as (
  select conversation_id, count(*) as participants, sum(${digest(`user_id::text`)}) as membership
  from (select distinct c.id as conversation_id, u.id as user_id from conversations c cross join unnest(c.participant_ids) as p (id) join users u on u.id = p.id) p
  group by conversation_id
), prints as (
  ${fingerprints}
)
select json_build_object('id', c.id, 'messages', coalesce(t.messages, 0), 'deleted', coalesce(t.deleted, 0), 'talk', coalesce(t.talk, 0),
  'participants', coalesce(p.participants, 0), 'membership', coalesce(p.membership, 0),
  'receipts', coalesce(k.receipts, 0), 'receipt_sum', coalesce(k.receipt_sum, 0),
  'about', ${digest(`row(c.type, coalesce(c.metadata, '{}'), date_trunc('milliseconds', coalesce(c.created_at, c.updated_at, 'epoch')))::text`)},
  'fingerprint', f.fingerprint)::text as row
from conversations c
left join told t on t.conversation_id = c.id
left join marks k on k.conversation_id = c.id
left join people p on p.conversation_id = c.id
join prints f on f.id = c.id`

/**
 * In the target: conversations by what became of them. Changed: changed in the old database since they were listed. In use: used here since they
 * were moved, so that they may hold more. The others should be equal; those that are not come with what differs.
 */
export const compareWithTarget = `
with told as (
  select m.conversation_id, count(*) as messages, count(*) filter (where m.is_deleted) as deleted,
    sum(${digest(`row(m.seq, m.id, m.sender_id, m.parent_message_id, m.message_type, m.content, coalesce(o.metadata, m.metadata), m.is_edited, m.is_deleted, m.created_at, m.updated_at)::text`)}) as talk
  from messages m left join chat_legacy.originals o on o.conversation_id = m.conversation_id and o.id = m.id
  where m.conversation_id in (select id from held) group by m.conversation_id
), marks as (
  select m.conversation_id, count(*) as receipts, sum(${digest(`m.id::text || p.user_id::text || k.kind`)}) as receipt_sum
  from (
    select conversation_id, user_id, delivered_seqs, read_seqs from conversation_members
    union all select conversation_id, user_id, delivered_seqs, read_seqs from former_members
  ) p
  -- One row per receipt, joined by equality: asking each message for each range takes minutes where people read with gaps.
  cross join lateral (
    select 'read' as kind, generate_series(lower(r), upper(r) - 1) as seq from unnest(p.read_seqs) as r
    union all select 'delivered', generate_series(lower(r), upper(r) - 1) from unnest(p.delivered_seqs) as r
  ) k
  join messages m on m.conversation_id = p.conversation_id and m.seq = k.seq
  where m.sender_id <> p.user_id and not m.is_deleted group by m.conversation_id
), people as (
  select conversation_id, count(*) as participants, sum(${digest(`user_id::text`)}) as membership from conversation_members group by conversation_id
), compared as (
  select h.id, h.fingerprint is distinct from moved.fingerprint as is_changed,
    moved.version is distinct from c.version || '.' || (select coalesce(sum(receipts_version), 0) from conversation_members where conversation_id = c.id) as is_in_use,
    exists (select from chat_legacy.notes n where n.conversation_id = h.id and n.kind = 'nobody_known') as is_left_out,
    array_remove(array[
      case when c.id is null then 'missing' end,
      case when h.messages <> coalesce(t.messages, 0) then format('messages: %s there, %s here', h.messages, coalesce(t.messages, 0)) end,
      case when h.deleted <> coalesce(t.deleted, 0) then 'deleted messages' end,
      case when h.talk <> coalesce(t.talk, 0) then 'checksum of messages and their order' end,
      case when h.receipts <> coalesce(k.receipts, 0) then format('receipts: %s there, %s here', h.receipts, coalesce(k.receipts, 0)) end,
      case when h.receipt_sum <> coalesce(k.receipt_sum, 0) then 'checksum of receipts' end,
      case when h.participants <> coalesce(p.participants, 0) or h.membership <> coalesce(p.membership, 0) then 'participants' end,
      case when h.about <> ${digest(`row(
        case when exists (select from chat_legacy.notes n where n.conversation_id = h.id and n.kind = 'direct_as_group') then 'direct' else c.type end,
        coalesce(o.metadata, c.metadata), c.created_at)::text`)} then 'type, metadata or time' end,
      case when c.last_seq <> coalesce(t.messages, 0) or c.message_count <> coalesce(t.messages - t.deleted, 0) then 'counters' end
    ], null) as differences
  from held h
  left join conversations c on c.id = h.id
  left join chat_legacy.conversations moved on moved.id = h.id
  left join chat_legacy.originals o on o.conversation_id = h.id and o.id = h.id
  left join told t on t.conversation_id = h.id
  left join marks k on k.conversation_id = h.id
  left join people p on p.conversation_id = h.id
)
select id, differences, case
    when is_left_out then 'left_out'
    when is_changed then 'changed'
    when is_in_use then 'in_use'
    when cardinality(differences) > 0 then 'different'
    else 'equal' end as verdict
from compared`
