// Order becomes seq: by time, in microseconds as the old database has them, then by id. In a conversation that is in use, what is not there yet comes last.
const number = `
insert into numbered
select m.conversation_id,
  case when p.in_use
    then coalesce(t.seq, p.last_seq + row_number() over (partition by m.conversation_id, t.seq is null order by w.at, m.id))
    else row_number() over (partition by m.conversation_id order by w.at, m.id) end,
  t.seq is null, m.id, m.sender_id, m.parent_message_id, m.message_type, m.content, coalesce(a.metadata, m.metadata, '{}')::jsonb,
  coalesce(m.read_by, '{}'), coalesce(m.delivered_to, '{}'), coalesce(m.is_edited, false), coalesce(m.is_deleted, false),
  date_trunc('milliseconds', w.at), date_trunc('milliseconds', coalesce(m.updated_at, w.at))
from staged_messages m
join planned p on p.id = m.conversation_id
join staged_conversations s on s.id = m.conversation_id
left join messages t on t.id = m.id and t.conversation_id = m.conversation_id
left join adapted a on a.id = m.id and a.conversation_id = m.conversation_id
cross join lateral (select coalesce(m.created_at, m.updated_at, s.created_at) as at) w`

// A message that was committed late, or is gone in the old database, shifts those after it.
const findRenumbered = `
update planned p set renumbered = true
where not p.is_new and not p.in_use and exists (
  select from messages t left join numbered n on n.conversation_id = t.conversation_id and n.id = t.id
  where t.conversation_id = p.id and n.seq is distinct from t.seq)`

const removeRenumbered = `
delete from messages m using planned p where m.conversation_id = p.id and p.renumbered`

// Who deletes in the original product is the sender, and the row was changed last when that happened, or later.
const upsert = `
insert into messages (conversation_id, seq, id, sender_id, parent_message_id, message_type, content, metadata, is_edited, is_deleted, deleted_at, deleted_by,
  created_at, updated_at)
select conversation_id, seq, id, sender_id, parent_message_id, message_type, content, metadata, is_edited, is_deleted,
  case when is_deleted then updated_at end, case when is_deleted then sender_id end, created_at, updated_at
from numbered order by conversation_id, seq
on conflict (conversation_id, seq) do update set
  (sender_id, parent_message_id, message_type, content, metadata, is_edited, created_at, updated_at) =
    (excluded.sender_id, excluded.parent_message_id, excluded.message_type, excluded.content, excluded.metadata, excluded.is_edited, excluded.created_at,
      excluded.updated_at),
  is_deleted = excluded.is_deleted or messages.is_deleted and (select in_use from planned where id = messages.conversation_id),
  deleted_at = coalesce(excluded.deleted_at, case when (select in_use from planned where id = messages.conversation_id) then messages.deleted_at end),
  deleted_by = coalesce(excluded.deleted_by, case when (select in_use from planned where id = messages.conversation_id) then messages.deleted_by end),
  changed_xid = pg_current_xact_id()
where (messages.sender_id, messages.parent_message_id, messages.message_type, messages.content, messages.metadata, messages.is_edited, messages.is_deleted,
    messages.created_at, messages.updated_at)
  is distinct from (excluded.sender_id, excluded.parent_message_id, excluded.message_type, excluded.content, excluded.metadata, excluded.is_edited,
    excluded.is_deleted, excluded.created_at, excluded.updated_at)`

// Sync finds what is new at the end of a conversation, and before it what is deleted or has another `updated_at` than `created_at`. A message that changed
// in the old database without either is as if it were new, and all that follow it.
const tellFromThere = `
update messages m set changed_xid = pg_current_xact_id()
from (
  select n.conversation_id, min(n.seq) as seq from numbered n join messages t on t.conversation_id = n.conversation_id and t.seq = n.seq
  where not n.is_new and t.changed_xid = pg_current_xact_id() and not (t.is_deleted or t.updated_at <> t.created_at) group by n.conversation_id
) f
where m.conversation_id = f.conversation_id and m.seq > f.seq and m.changed_xid <> pg_current_xact_id()`

const forgetDeletions = `
delete from conversation_deletions d using planned p where d.conversation_id = p.id`

const noteDeletions = `
insert into conversation_deletions (conversation_id, seqs)
select m.conversation_id, range_agg(int8range(m.seq, m.seq + 1)) from messages m join planned p on p.id = m.conversation_id
where m.is_deleted group by m.conversation_id`

export const moveMessages = [
  number,
  'analyze numbered',
  findRenumbered,
  removeRenumbered,
  upsert,
  tellFromThere,
  forgetDeletions,
  noteDeletions,
]
