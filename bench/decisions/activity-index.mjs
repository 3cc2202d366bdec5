import { clearInterval, setInterval } from 'node:timers'
import { kb, measureCalls, medianOf, rate, ratio } from './measure.mjs'

const conversations = 5_000

const variants = {
  'no such index, fillfactor 70': { fillfactor: 70, index: '' },
  'no such index, fillfactor 100': { fillfactor: 100, index: '' },
  'index on last_message_at, fillfactor 70': { fillfactor: 70, index: 'create index on conversation (last_message_at desc)' },
  'the indexes of the guide, fillfactor 100': {
    fillfactor: 100,
    index: 'create index on conversation (last_message_at desc); create index on conversation (type)',
  },
}

/** What an index on a column that every send changes costs each send's update of its conversation. */
export async function activityIndex(server) {
  const results = {}
  for (const [variant, shape] of Object.entries(variants))
    results[variant] = await medianOf(() => server.withDatabase({}, (database) => measureVariant(database, shape)))
  const base = Object.values(results)[0]
  return {
    title: `An index on what every send changes: updates of ${conversations.toLocaleString('en')} conversations, vacuumed all the time`,
    rows: Object.entries(results).map(([variant, result]) => ({
      variant,
      updates: rate(result.perSecond),
      'to the first': ratio(result.perSecond, base.perSecond),
      'WAL each': kb(result.wal),
      HOT: `${Math.round(result.hot * 100)} %`,
      'size after': kb(result.size),
    })),
  }
}

async function measureVariant(database, { fillfactor, index }) {
  const { pool, query } = database
  await query(`create table conversation (id uuid primary key, type text, direct_key text unique, metadata jsonb, last_seq bigint default 0,
    last_message_at timestamptz(3)) with (fillfactor = ${fillfactor})`)
  await query(`insert into conversation select gen_random_uuid(), 'direct', n::text || repeat('k', 68), '{"name": "Nursing"}', 0, now() - n * interval '1 min'
    from generate_series(1, ${conversations}) n`)
  if (index) await query(index)
  await query('vacuum analyze conversation')
  const ids = (await query('select id from conversation')).map((row) => row.id)
  const call = (client, n) =>
    client.query({
      name: 'bump',
      text: 'update conversation set last_seq = last_seq + 1, last_message_at = clock_timestamp() where id = $1',
      values: [ids[(n * 7919) % ids.length]],
    })
  // Autovacuum comes by in production too; here often, so that a short run sees it.
  let vacuumed = Promise.resolve()
  const timer = setInterval(() => (vacuumed = pool.query('vacuum conversation').catch(() => undefined)), 700)
  const result = await measureCalls(database, { workers: 8, ms: 1500, call }).finally(() => clearInterval(timer))
  await vacuumed
  const [{ size }] = await query(`select pg_total_relation_size('conversation')::float8 as size`)
  return { ...result, size, hot: await hotShare(database) }
}

// Sessions report their counts a second after they last did, or when asked.
async function hotShare({ pool, query }) {
  const clients = await Promise.all(Array.from({ length: pool.totalCount }, () => pool.connect()))
  for (const client of clients) await client.query('select pg_stat_force_next_flush()')
  for (const client of clients) client.release()
  const [row] = await query(
    `select n_tup_hot_upd::float8 / greatest(n_tup_upd, 1) as hot from pg_stat_user_tables where relname = 'conversation'`,
  )
  return row.hot
}
