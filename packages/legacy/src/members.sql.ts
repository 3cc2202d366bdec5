// The original schema knows no roles: the creator is the owner, else who is named first; who wrote in a channel may go on to.
const upsertMembers = `
insert into conversation_members (conversation_id, user_id, role, joined_at, delivered_seqs, read_seqs)
select p.id, member.id,
  case when member.id = owner.id then 'owner'
    when p.type = 'channel' and exists (select from numbered n where n.conversation_id = p.id and n.sender_id = member.id) then 'moderator'
    else 'member' end,
  s.created_at, coalesce(r.delivered_seqs, '{}'), coalesce(r.read_seqs, '{}')
from planned p
join staged_conversations s on s.id = p.id
cross join lateral (select case when p.created_by = any(p.people) then p.created_by else p.people[1] end as id) owner
cross join unnest(p.people) as member (id)
left join receipts r on r.conversation_id = p.id and r.user_id = member.id
where not p.in_use
on conflict (conversation_id, user_id) do update set role = excluded.role, delivered_seqs = excluded.delivered_seqs, read_seqs = excluded.read_seqs,
  receipts_version = conversation_members.receipts_version + 1
where (conversation_members.role, conversation_members.delivered_seqs, conversation_members.read_seqs)
  is distinct from (excluded.role, excluded.delivered_seqs, excluded.read_seqs)`

const addReceipts = `
update conversation_members m set delivered_seqs = m.delivered_seqs + r.delivered_seqs, read_seqs = m.read_seqs + r.read_seqs,
  receipts_version = m.receipts_version + 1
from planned p join receipts r on r.conversation_id = p.id
where p.in_use and m.conversation_id = p.id and m.user_id = r.user_id
  and not (m.delivered_seqs @> r.delivered_seqs and m.read_seqs @> r.read_seqs)`

const forgetReturned = `
delete from former_members f using planned p where f.conversation_id = p.id and not p.in_use and f.user_id = any(p.people)`

// Whoever wrote or read and takes part no longer is a former member, gone since their last sign of life: their receipts wait for them, should they come back.
const keepFormer = `
with removed as (
  delete from conversation_members m using planned p where m.conversation_id = p.id and not p.in_use and m.user_id <> all(p.people)
  returning m.conversation_id, m.user_id
), former as (
  select conversation_id, user_id from removed
  union select conversation_id, user_id from receipts
  union select n.conversation_id, n.sender_id from numbered n join users u on u.id = n.sender_id
)
insert into former_members (conversation_id, user_id, left_at, delivered_seqs, read_seqs)
select f.conversation_id, f.user_id, coalesce(greatest(
    (select max(n.created_at) from numbered n where n.conversation_id = f.conversation_id and n.sender_id = f.user_id),
    (select max(m.at) from marked m where m.conversation_id = f.conversation_id and m.user_id = f.user_id)), s.updated_at),
  coalesce(r.delivered_seqs, '{}'), coalesce(r.read_seqs, '{}')
from former f
join planned p on p.id = f.conversation_id and f.user_id <> all(p.people) and not p.in_use
join staged_conversations s on s.id = f.conversation_id
left join receipts r on r.conversation_id = f.conversation_id and r.user_id = f.user_id
on conflict (user_id, conversation_id) do update set delivered_seqs = excluded.delivered_seqs, read_seqs = excluded.read_seqs`

const finish = `
update conversations c set
  (type, direct_key, created_by, metadata, created_at, updated_at) = (
    select case when p.in_use then c.type else p.type end, case when p.in_use then c.direct_key else p.direct_key end,
      case when p.in_use then c.created_by else p.created_by end,
      case when p.in_use then c.metadata else coalesce(a.metadata, s.metadata, '{}')::jsonb end,
      case when p.in_use then c.created_at else date_trunc('milliseconds', s.created_at) end,
      case when p.in_use then c.updated_at else date_trunc('milliseconds', s.updated_at) end),
  last_seq = coalesce(t.last_seq, 0), message_count = t.shown,
  participant_count = (select count(*) from conversation_members m where m.conversation_id = c.id),
  last_message_at = greatest(case when p.in_use then c.last_message_at end, date_trunc('milliseconds', s.last_message_at), t.newest),
  version = c.version + 1, membership_version = c.membership_version + 1, changed_xid = pg_current_xact_id()
from planned p
join staged_conversations s on s.id = p.id
left join adapted a on a.id = p.id and a.conversation_id = p.id
cross join lateral (
  select max(seq) as last_seq, count(*) filter (where not is_deleted) as shown, max(created_at) as newest from messages where conversation_id = p.id
) t
where c.id = p.id`

export const movePeopleOfBatch = [upsertMembers, addReceipts, forgetReturned, keepFormer, finish]
