import type pg from 'pg'

/** What holds for every database whatever was asked of it: a query for each rule, which finds who breaks it. */
const rules: Record<string, string> = {
  'seq counts from 1 without gaps, up to last_seq': `
    select c.id from conversations c left join messages m on m.conversation_id = c.id group by c.id
    having count(m.seq) <> c.last_seq or coalesce(max(m.seq), 0) <> c.last_seq or coalesce(min(m.seq), 1) <> 1`,
  'message_count counts what is not deleted': `
    select c.id from conversations c left join messages m on m.conversation_id = c.id and not m.is_deleted group by c.id
    having count(m.seq) <> c.message_count`,
  'participant_count counts the members': `
    select c.id from conversations c left join conversation_members m on m.conversation_id = c.id group by c.id
    having count(m.user_id) <> c.participant_count`,
  'deletions are listed': `
    select m.conversation_id as id from messages m left join conversation_deletions d using (conversation_id)
    where m.is_deleted <> coalesce(d.seqs @> m.seq, false)`,
  'receipts are of messages that exist, and reading implies delivery': `
    select conversation_id as id from conversation_members m join conversations c on c.id = m.conversation_id
    where coalesce(upper(m.delivered_seqs) - 1, 0) > c.last_seq or coalesce(lower(m.delivered_seqs), 1) < 1 or not m.delivered_seqs @> m.read_seqs`,
  'who has members has one owner': `
    select conversation_id as id from conversation_members group by conversation_id having count(*) filter (where role = 'owner') <> 1`,
  'direct ones have two members and are one per pair': `
    select c.id from conversations c join conversation_members m on m.conversation_id = c.id where c.type = 'direct' group by c.id having count(*) <> 2`,
  'messages are of people who are or were there': `
    select m.conversation_id as id from messages m
    where not exists (select from conversation_members p where p.conversation_id = m.conversation_id and p.user_id = m.sender_id)
      and not exists (select from former_members p where p.conversation_id = m.conversation_id and p.user_id = m.sender_id)`,
  'replies are to messages of the same conversation': `
    select r.id from messages r where r.parent_message_id is not null
      and not exists (select from messages p where p.id = r.parent_message_id and p.conversation_id = r.conversation_id)`,
  'system messages are the server’s or an administrator’s': `
    select m.id from messages m join users u on u.id = m.sender_id where m.message_type = 'system' and not m.metadata ? 'action' and u.role <> 'admin'`,
  'metadata is an object of at most 16 KiB': `
    select id from messages where jsonb_typeof(metadata) <> 'object' or octet_length(metadata::text) > 32768
    union all select id from conversations where jsonb_typeof(metadata) <> 'object' or octet_length(metadata::text) > 32768`,
  'texts are not longer than 5,000 code points': `select id from messages where char_length(content) > 5000`,
}

/** @returns each broken rule with the first who breaks it. */
export async function checkInvariants(database: pg.Pool): Promise<string[]> {
  const broken: string[] = []
  for (const [rule, query] of Object.entries(rules)) {
    const { rows } = await database.query<{ id: string }>(`select id::text from (${query}) as broken (id) limit 3`)
    if (rows.length > 0) broken.push(`${rule}: not so for ${rows.map(({ id }) => id).join(', ')}`)
  }
  return broken
}
