import { kb, measureCalls, medianOf, rate, ratio } from './measure.mjs'

const conversations = 30
const history = 10_000

/** What gaps in a multirange cost: a mark late in a long conversation, where the reader's own messages are covered by it, and where they are not. */
export async function receiptRanges(server) {
  const results = {}
  for (const [variant, step] of Object.entries({ 'without gaps': 1, 'a gap at each message of one’s own': 2 }))
    results[variant] = await medianOf(() => server.withDatabase({}, (database) => measureVariant(database, step)))
  const base = Object.values(results)[0]
  return {
    title: `Receipts: marking the newest message of a direct conversation of ${history.toLocaleString('en')} messages, in which two people take turns`,
    rows: Object.entries(results).map(([variant, { perSecond, wal }]) => ({
      variant,
      calls: rate(perSecond),
      'to the first': ratio(perSecond, base.perSecond),
      'WAL per call': kb(wal),
    })),
  }
}

async function measureVariant(database, step) {
  const { query } = database
  await query(`create table member (conversation_id int primary key, delivered_seqs int8multirange, read_seqs int8multirange,
    receipts_version bigint default 0) with (fillfactor = 70)`)
  await query(
    `insert into member select c, r.seqs, r.seqs from generate_series(1, ${conversations}) c,
      (select range_agg(int8range(seq, seq + 1)) as seqs from generate_series(1, ${history}, $1::int) seq) r`,
    [step],
  )
  await query('vacuum analyze member')
  const call = (client, n) =>
    client.query({
      name: 'mark',
      text: `update member set delivered_seqs = delivered_seqs + r, read_seqs = read_seqs + r, receipts_version = receipts_version + 1
        from (select int8multirange(int8range($2::bigint, $2::bigint + 1)) as r) r where conversation_id = $1`,
      values: [1 + (n % conversations), history + step * (1 + Math.floor(n / conversations))],
    })
  return measureCalls(database, { workers: 8, ms: 1000, call })
}
