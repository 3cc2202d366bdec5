import { randomUUID } from 'node:crypto'
import type { Message } from '@viatra-chat/contract'
import { eventually, startWorld, type World } from '@viatra-chat/testkit'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ gateways: 0 })
})
afterAll(() => world.close())

// More than a send is tried in company.
const rounds = 30

test(
  'somebody who stores the same client ids one by one, always a moment earlier, keeps nobody from an answer',
  { timeout: 120_000 },
  async () => {
    const { ann, conversation } = await world.twoPeople()
    const ids = Array.from({ length: rounds }, () => randomUUID())
    const other = await Promise.all([world.database.connect(), world.database.connect()])
    try {
      await lock(other[0], conversation)
      const path = `/api/v1/chat/conversations/${conversation.id}/messages`
      const sends = ids.map((id) => ann.rest<Message>('POST', path, { content: id, client_message_id: id }))
      let isAnswered = false
      const answers = Promise.all(sends).finally(() => (isAnswered = true))
      for (const [round, id] of ids.entries()) {
        const [holder, next] = round % 2 === 0 ? other : [other[1], other[0]]
        await untilWaiting(1, () => isAnswered)
        const nextTurn = lock(next, conversation)
        await untilWaiting(2, () => isAnswered)
        await store(holder, conversation, ann, id)
        await holder.query('commit')
        await nextTurn
      }
      await other[rounds % 2]?.query('commit')

      const data = (await answers).map((answer) => answer.body.data ?? answer.body)
      expect(data).toMatchObject(ids.map((id) => ({ content: id, client_message_id: id })))
      expect((await ann.history(conversation, '?limit=100')).map(({ content }) => content).sort()).toEqual(ids.toSorted())
    } finally {
      for (const client of other) client.release(true)
    }
  },
)

async function lock(client: pg.PoolClient, { id }: { id: string }): Promise<void> {
  await client.query('begin')
  await client.query('select id from conversations where id = $1 for no key update', [id])
}

/** Until so many sessions wait for a lock; or nobody is left who could. */
async function untilWaiting(count: number, isOver: () => boolean): Promise<void> {
  const waiting = `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  await eventually(async () => {
    const { rows } = await world.database.query<{ count: number }>(waiting)
    expect(isOver() || (rows[0]?.count ?? 0) >= count).toBe(true)
  })
}

const store = (client: pg.PoolClient, conversation: { id: string }, sender: { id: string }, id: string) =>
  client.query(
    `with bumped as (
       update conversations set last_seq = last_seq + 1, message_count = message_count + 1, version = version + 1
       where id = $1 and not exists (select from messages where conversation_id = $1 and client_message_id = $3) returning last_seq
     )
     insert into messages (conversation_id, seq, id, sender_id, message_type, content, client_message_id)
     select $1, last_seq, gen_random_uuid(), $2, 'text', $3, $3 from bumped`,
    [conversation.id, sender.id, id],
  )
