// What becomes of the staged conversations. One that the product has changed since it was moved (a message, a receipt, a member …) is in use: to it
// things are added, nothing is taken away. Any other is made to be what the old database holds.

const lock = `
select c.id from conversations c join staged_conversations s on s.id = c.id order by c.id for no key update of c`

const plan = `
insert into planned (id, is_new, in_use, last_seq, people, type, direct_key, created_by)
select s.id, c.id is null, c.id is not null and moved.version is distinct from c.version || '.' || r.sum, coalesce(c.last_seq, 0), p.people,
  case when c.id is not null and moved.version is distinct from c.version || '.' || r.sum then c.type else s.type end,
  case when s.type = 'direct' and o.place = 1 and cardinality(p.people) = 2 then p.key end,
  coalesce((select id from users where id = s.created_by), p.people[1],
    (select m.sender_id from staged_messages m join users u on u.id = m.sender_id where m.conversation_id = s.id order by m.created_at, m.id limit 1))
from staged_conversations s
join old_conversations o on o.id = s.id
left join conversations c on c.id = s.id
left join chat_legacy.conversations moved on moved.id = s.id
cross join lateral (select coalesce(sum(receipts_version), 0) as sum from conversation_members where conversation_id = s.id) r
cross join lateral (
  select coalesce(array_agg(id order by n), '{}') as people, string_agg(id::text, ':' order by id::text collate "C") as key
  from (select u.id, min(t.n) as n from unnest(s.participant_ids) with ordinality as t (id, n) join users u on u.id = t.id group by u.id) known
) p`

// A direct conversation without a key of its own is a group: of several with the same two people the oldest stays direct.
const keepOneDirect = `
update planned p set direct_key = null
where p.direct_key is not null and (
  exists (select from conversations c where c.direct_key = p.direct_key and c.id <> p.id)
  or exists (
    select from planned other join staged_conversations so on so.id = other.id join staged_conversations s on s.id = p.id
    where other.direct_key = p.direct_key and (so.created_at, so.id) < (s.created_at, s.id)))`

const groupTheRest = `
update planned set type = 'group' where type = 'direct' and direct_key is null and not in_use`

// A conversation of nobody whom the product knows, without a message of anybody: there is nobody to show it to.
const leaveOut = `
with gone as (delete from planned where created_by is null returning id), forgotten as (
  delete from chat_legacy.notes n using gone where n.conversation_id = gone.id
)
insert into chat_legacy.notes (conversation_id, subject, kind, detail) select id, id, 'nobody_known', 'not moved: none of its people is a user' from gone`

const insertNew = `
insert into conversations (id, type, direct_key, created_by) select id, type, direct_key, created_by from planned where is_new`

const analyze = `analyze planned`

export const planConversations = [lock, plan, keepOneDirect, groupTheRest, leaveOut, analyze, insertNew]
