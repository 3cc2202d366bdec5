import { eventually, startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

process.env.MESSAGES_PARTS = '16'

let world: World
beforeAll(async () => {
  world = await startWorld({ gateways: 0, env: { CHAT_CACHE: 'off', DATABASE_POOL_MAX: '1' } })
})
afterAll(() => world.close())

const chat = '/api/v1/chat'

test('whatever names its conversation is done in one partition, by plans of its own and by plans for all values', async () => {
  await fillPartitions()
  const before = await countScans()
  const { ann, bob, conversation } = await world.twoPeople()
  const messages = `${chat}/conversations/${conversation.id}/messages`
  // PostgreSQL settles on a plan of its own for a statement after five executions.
  for (let n = 0; n < 8; n++) {
    const first = await ann.send(conversation, 'first', { client_message_id: `first ${n}` })
    const reply = await ann.send(conversation, 'second', { client_message_id: `second ${n}`, parent_message_id: first.id })
    expect(reply).toMatchObject({ parent_message_id: first.id, seq: 2 * n + 2 })
    await ann.send(conversation, 'first', { client_message_id: `first ${n}` })
    for (const query of ['', '?page=2&limit=1', `?before=${reply.id}`, `?after=${first.id}`])
      expect((await bob.rest('GET', `${messages}${query}`)).status).toBe(200)
    expect((await bob.conversations())[0]?.unread_count).toBe(2)
    expect((await bob.rest('POST', `${chat}/conversations/${conversation.id}/read`, { message_ids: [first.id, reply.id] })).status).toBe(
      200,
    )
  }
  // A process tells what it looked at when it ends, at the latest.
  await world.stopServices()
  const [own, others] = await eventually(async () => {
    const [own = 0, ...others] = (await countScans()).map((scans, n) => scans - (before[n] ?? 0)).sort((a, b) => b - a)
    expect(own).toBeGreaterThan(100)
    return [own, others]
  })
  expect(others, `beside ${own} in its own`).toEqual(others.map(() => 0))
})

/** How often each partition was looked at. */
async function countScans(): Promise<number[]> {
  const { rows } = await world.database.query<{ scans: number }>(
    `select (seq_scan + idx_scan)::int as scans from pg_stat_user_tables where relname like 'messages\\_16\\_%' order by relname`,
  )
  return rows.map(({ scans }) => scans)
}

/** As empty ones PostgreSQL would rather read all of them than look anything up. */
const fillPartitions = () =>
  world.database.query(`
    insert into messages (conversation_id, seq, id, sender_id, message_type, content)
    select md5(c::text)::uuid, n, gen_random_uuid(), gen_random_uuid(), 'text', repeat('text ', 10) from generate_series(1, 400) c, generate_series(1, 50) n;
    analyze messages;
    select pg_stat_force_next_flush()`)
