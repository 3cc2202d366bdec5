export const keepOriginals = [
  `delete from chat_legacy.originals o using planned p where o.conversation_id = p.id`,
  `insert into chat_legacy.originals (conversation_id, id, metadata)
   select m.conversation_id, m.id, m.metadata::jsonb from staged_messages m join adapted a on a.conversation_id = m.conversation_id and a.id = m.id
   join planned p on p.id = m.conversation_id
   union all
   select s.id, s.id, s.metadata::jsonb from staged_conversations s join adapted a on a.conversation_id = s.id and a.id = s.id
   join planned p on p.id = s.id`,
]

const note = (query: string) => `insert into chat_legacy.notes (conversation_id, subject, kind, detail) ${query}`

export const noteBatch = [
  note(`
    select p.id, p.id, 'direct_as_group', case
      when o.place > 1 then 'one of several direct conversations of the same people; the oldest stays direct'
      when cardinality(p.people) <> 2 then format('a direct conversation of %s known people', cardinality(p.people))
      else 'the new database has a direct conversation of the same people' end
    from planned p join staged_conversations s on s.id = p.id join old_conversations o on o.id = p.id
    where s.type = 'direct' and not p.in_use and p.type <> 'direct'`),
  note(`
    select distinct s.id, person.id, 'participant_unknown', 'named as participant, but not a user'
    from staged_conversations s join planned p on p.id = s.id cross join unnest(s.participant_ids) as person (id)
    where person.id is not null and not exists (select from users u where u.id = person.id)`),
  note(`
    select a.conversation_id, a.id, 'metadata_adapted', a.problem from adapted a join planned p on p.id = a.conversation_id`),
  note(`
    select n.conversation_id, n.id, 'parent_elsewhere', n.parent_message_id::text from numbered n
    where n.parent_message_id is not null
      and not exists (select from messages parent where parent.id = n.parent_message_id and parent.conversation_id = n.conversation_id)`),
  note(`
    select n.conversation_id, n.id, 'content_unusual', case when n.content is null then 'text without content' else format('text of %s characters', length(n.content)) end
    from numbered n where n.message_type = 'text' and not n.is_deleted and (n.content is null or length(n.content) > 5000)`),
  note(`
    select m.conversation_id, m.id, 'time_missing', 'no created_at' from staged_messages m join planned p on p.id = m.conversation_id where m.created_at is null`),
  note(`
    select n.conversation_id, n.id, 'time_in_future', n.created_at::text from numbered n where n.created_at > now()`),
  note(`
    select n.conversation_id, n.id, 'appended_late', format('came after the conversation was used here: seq %s', n.seq)
    from numbered n join planned p on p.id = n.conversation_id where p.in_use and n.is_new`),
  note(`
    select p.id, p.id, 'in_use', 'used here since it was moved: messages and receipts are added, members and metadata stay as they are here'
    from planned p where p.in_use`),
]

export const remember = [
  `insert into chat_legacy.conversations (id, fingerprint, version)
   select p.id, o.fingerprint,
     case when p.in_use then 'in use' else c.version || '.' || (select coalesce(sum(receipts_version), 0) from conversation_members where conversation_id = p.id) end
   from planned p join conversations c on c.id = p.id join old_conversations o on o.id = p.id
   on conflict (id) do update set fingerprint = excluded.fingerprint, version = excluded.version, moved_at = now()`,
]
