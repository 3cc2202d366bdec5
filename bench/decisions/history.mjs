import { measureCalls, medianOf, ms, ratio } from './measure.mjs'

const messages = 60_000
const page = 1000
const limit = 50

/** Page 1,000 of a long history, and how many there are. */
export function history(server) {
  return server.withDatabase({ connections: 2 }, async (database) => {
    await create(database)
    const results = {}
    for (const [what, text] of Object.entries(queries))
      results[what] = await medianOf(() => measureCalls(database, { workers: 1, ms: 800, call: (client) => client.query(text) }))
    const row = (what, base) => ({
      query: what,
      median: ms(results[what].p50),
      p99: ms(results[what].p99),
      ratio: ratio(results[what].p50, results[base].p50),
    })
    return {
      title: `History: page ${page.toLocaleString('en')} of a conversation of ${messages.toLocaleString('en')} messages, ${limit} on each`,
      rows: [
        row('by seq', 'by seq'),
        row('by OFFSET', 'by seq'),
        row('total from a counter', 'total from a counter'),
        row('total by count(*)', 'total from a counter'),
      ],
    }
  })
}

const conversation = `'00000000-0000-4000-8000-000000000001'`
const columns = 'id, seq, sender_id, content, metadata, created_at'
const top = messages - (page - 1) * limit
const queries = {
  'by seq': `select ${columns} from message where conversation_id = ${conversation} and seq <= ${top} and not is_deleted order by seq desc limit ${limit}`,
  'by OFFSET': `select ${columns} from message where conversation_id = ${conversation} and not is_deleted
    order by created_at desc limit ${limit} offset ${(page - 1) * limit}`,
  'total from a counter': `select message_count from conversation where id = ${conversation}`,
  'total by count(*)': `select count(*) from message where conversation_id = ${conversation} and not is_deleted`,
}

async function create({ query }) {
  await query('create table conversation (id uuid primary key, message_count bigint)')
  await query(`insert into conversation values (${conversation}, ${messages})`)
  await query(`create table message (conversation_id uuid, seq bigint, id uuid, sender_id uuid, content text, metadata jsonb default '{}',
    is_deleted boolean default false, created_at timestamptz(3), primary key (conversation_id, seq))`)
  // Other conversations lie between, as they would.
  await query(`
    insert into message select case when o = 0 then ${conversation}::uuid else md5(o::text)::uuid end, n, gen_random_uuid(), gen_random_uuid(), repeat('text ', 12), '{}', false,
      now() - (${messages} - n) * interval '1 minute' from generate_series(1, ${messages}) n, generate_series(0, 1) o`)
  await query('create index on message (conversation_id, created_at desc)')
  await query('vacuum analyze')
}
