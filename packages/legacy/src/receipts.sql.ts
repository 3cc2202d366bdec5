// When somebody got or read a message is not in the old database: the row was changed last at that time or later.
const mark = `
insert into marked (conversation_id, user_id, seq, is_read, at)
select n.conversation_id, r.user_id, n.seq, bool_or(r.is_read), greatest(n.created_at, n.updated_at)
from numbered n
cross join lateral (select unnest(n.read_by) as user_id, true as is_read union all select unnest(n.delivered_to), false) r
where r.user_id <> n.sender_id
group by n.conversation_id, r.user_id, n.seq, n.created_at, n.updated_at`

const forgetNotes = `
delete from chat_legacy.notes n using planned p where n.conversation_id = p.id`

const noteUnknown = `
insert into chat_legacy.notes (conversation_id, subject, kind, detail)
select conversation_id, user_id, 'reader_unknown',
  format('delivered %s, read %s', range_agg(int8range(seq, seq + 1)), coalesce(range_agg(int8range(seq, seq + 1)) filter (where is_read), '{}'))
from marked where user_id not in (select id from users) group by conversation_id, user_id`

const removeUnknown = `
delete from marked m where not exists (select from users u where u.id = m.user_id)`

// As the product keeps them: own and deleted messages are covered with those around them, so that the ranges have no gaps there.
const cover = `
insert into receipts (conversation_id, user_id, delivered_seqs, read_seqs)
with last as (
  select conversation_id, user_id, max(seq) as delivered, coalesce(max(seq) filter (where is_read), 0) as read from marked group by conversation_id, user_id
), covered as (
  select conversation_id, user_id, seq, is_read from marked
  union all
  select l.conversation_id, l.user_id, n.seq, n.seq < l.read
  from last l join numbered n on n.conversation_id = l.conversation_id and n.seq < l.delivered and (n.sender_id = l.user_id or n.is_deleted)
)
select conversation_id, user_id, range_agg(int8range(seq, seq + 1)), coalesce(range_agg(int8range(seq, seq + 1)) filter (where is_read), '{}')
from covered group by conversation_id, user_id`

const forgetLog = `
delete from receipt_marks k using planned p where k.conversation_id = p.id and not p.in_use`

// The log gives receipts their times. A read counts as a delivery.
const log = `
insert into receipt_marks (conversation_id, bucket, user_id, kind, seqs, at)
select m.conversation_id, m.seq >> 5, m.user_id, case when m.is_read then 'read' else 'delivered' end, range_agg(int8range(m.seq, m.seq + 1)), m.at
from marked m join planned p on p.id = m.conversation_id
where not p.in_use or not exists (
  select from receipt_marks k
  where k.conversation_id = m.conversation_id and k.bucket = m.seq >> 5 and k.user_id = m.user_id and k.seqs @> m.seq and (k.kind = 'read' or not m.is_read))
group by m.conversation_id, m.seq >> 5, m.user_id, m.is_read, m.at`

export const markReceipts = [mark, 'analyze marked', forgetNotes, noteUnknown, removeUnknown, cover, 'analyze receipts', forgetLog, log]
