/**
 * In the old database: each conversation with the number of its messages, its place among the direct ones of the same people, oldest first, and a
 * fingerprint of the conversation and all its messages. One pass over the tables; the sum does not depend on their order.
 */
export const fingerprints = `
select c.id, coalesce(d.place, 1) as place, coalesce(t.messages, 0) as messages,
  hashtextextended(c::text, 0) || '.' || coalesce(d.place, 1) || '.' || coalesce(t.messages, 0) || '.' || coalesce(t.sum, 0) as fingerprint
from conversations c
left join (
  select id, row_number() over (partition by (select array_agg(distinct p order by p) from unnest(participant_ids) as p) order by created_at, id) as place
  from conversations where type = 'direct'
) d on d.id = c.id
left join (
  select conversation_id, count(*) as messages, sum(hashtextextended(m::text, 0)::numeric) as sum from messages m group by conversation_id
) t on t.conversation_id = c.id`

export const listOld = `select to_json(f)::text as row from (${fingerprints}) f`

// Whoever was unknown may have become known since.
const isPending = `
  not exists (select from chat_legacy.conversations m where m.id = o.id and m.fingerprint = o.fingerprint)
  or exists (select from chat_legacy.notes n join users u on u.id = n.subject
    where n.conversation_id = o.id and n.kind in ('participant_unknown', 'reader_unknown'))`

export const pendingTotals = `
select count(*)::int as conversations, coalesce(sum(messages), 0)::float8 as messages from old_conversations o where ${isPending}`

export const pendingConversations = `
select id, messages::float8 as messages from old_conversations o where id > $1 and (${isPending}) order by id limit $2`

/** What was moved once and is no longer in the old database stays here. */
export const noteGone = `
delete from chat_legacy.notes where kind = 'gone';
insert into chat_legacy.notes (conversation_id, subject, kind, detail)
select id, id, 'gone', 'no longer in the old database, kept here' from chat_legacy.conversations m
where not exists (select from old_conversations o where o.id = m.id)`
