import { cpuText } from '../figures.mjs'
import { tokenOf } from '../population.mjs'
import { asAsked } from '../variants.mjs'
import { withStand } from '../stand.mjs'
import { measureCalls } from './rest.mjs'
import { openLines } from './sends.mjs'

// Those that come together share a statement and an event: the more there are, the less each costs.
const rates = [50, 200, 800, 3000]
const idsPerMark = 10

/** What single things cost: CPU by process, WAL, disk, bytes through Redis. Without targets: `docs/capacity.md` counts with them. */
export function costs(stores) {
  return withStand(stores, 'costs', async (stand) => {
    const { product } = await openLines(stand, { product: {} })
    const [api] = await stand.start('api', 1, asAsked)
    const drivers = await stand.drivers()
    const call = (calls) =>
      metered(stand, () => measureCalls(stand, api, drivers, { calls, ms: 60_000, connections: 8, callsMax: calls.length }))
    const rows = []
    for (const perSecond of rates)
      rows.push(row(`a message, ${perSecond}/s, two people on two gateways`, await metered(stand, () => product.pace(perSecond))))
    rows.push(row('a message, as fast as it goes', await metered(stand, () => product.saturate(6000))))
    const readers = await listReaders(stand)
    return [
      ...rows,
      row(`mark_read of ${idsPerMark} messages`, await call(readers.flatMap(markCalls))),
      row('a page of 50 of history', await call(repeat(readers, ({ conversation_id: id }) => `conversations/${id}/messages?limit=50`))),
      row('the list of conversations', await call(repeat(readers, () => 'conversations'))),
    ]
  })
}

/** Who gets messages, with those they have not read, by tens. */
async function listReaders(stand) {
  const rows = await stand.query(
    `select m.user_id as id, m.conversation_id, array_agg(msg.id order by msg.seq) as ids
     from conversation_members m join messages msg on msg.conversation_id = m.conversation_id and msg.sender_id <> m.user_id
     group by 1, 2`,
  )
  return rows.map((row) => ({ ...row, token: tokenOf(row.id) }))
}

function markCalls({ token, conversation_id: id, ids }) {
  const path = `/api/v1/chat/conversations/${id}/read`
  const stretches = Math.min(10, Math.floor(ids.length / idsPerMark))
  return Array.from({ length: stretches }, (_, n) => {
    const message_ids = ids.slice(n * idsPerMark, (n + 1) * idsPerMark)
    return { method: 'POST', path, token, body: { message_ids } }
  })
}

const repeat = (readers, pathOf) =>
  Array.from({ length: 2000 }, (_, n) => readers[n % readers.length]).map((reader) => ({
    method: 'GET',
    path: `/api/v1/chat/${pathOf(reader)}`,
    token: reader.token,
  }))

/** With what each left behind. Vacuumed before and after: what is dead is no growth. */
async function metered(stand, measure) {
  await stand.query('vacuum')
  const before = await readMeters(stand)
  const { done, ...result } = await measure()
  const after = await readMeters(stand)
  const each = (name) => (after[name] - before[name]) / done
  return { ...result, done, wal: each('wal'), disk: each('disk'), redisOut: each('redisOut') }
}

async function readMeters(stand) {
  const [{ wal }] = await stand.query(`select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as wal`)
  await stand.query('vacuum')
  const [{ disk }] = await stand.query(`select pg_database_size(current_database())::float8 as disk`)
  const [, redisOut] = /total_net_output_bytes:(\d+)/.exec(await stand.redis.info('stats'))
  return { wal, disk, redisOut: Number(redisOut) }
}

function row(what, { cpu, wal, disk, redisOut, done, perSecond }) {
  const bytes = { WAL: wal, disk, 'out of Redis': redisOut }
  const text = Object.entries(bytes).map(([name, value]) => `${name} ${Math.round(value).toLocaleString('en')}`)
  return {
    what,
    product: `µs of CPU: ${cpuText(cpu)}`,
    detail: `bytes: ${text.join(', ')}; ${done} of them`,
    figures: { cpu, ...bytes, done, perSecond },
  }
}
