import type { Conversation } from '@viatra-chat/contract'
import { eventually, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

// What a writer left is told seconds later, or after an outage: by then it may not be so any more.
let world: World
let ann: Person
let bob: Person
let eve: Person
let group: Conversation
beforeAll(async () => void (world = await startWorld()))
afterAll(() => world.close())
beforeEach(async () => {
  ;[ann, bob, eve] = await world.people('Ann', 'Bob', 'Eve')
  group = await ann.create({ type: 'group', participant_ids: [bob.id] })
})

const participants = () => `/api/v1/chat/conversations/${group.id}/participants`
const letIn = (who: Person) => ann.rest('POST', participants(), { participant_ids: [who.id] })
const remove = (who: Person) => ann.rest('DELETE', `${participants()}/${who.id}`)

/** A row as a writer leaves it that dies before it tells; it is old enough for a relay. */
const leave = (announcement: object) =>
  world.database.query(`insert into outbox (announcement, created_at) values ($1, now() - interval '1 minute')`, [
    JSON.stringify({ conversationId: group.id, ...announcement }),
  ])
const allTold = () => eventually(async () => expect((await world.database.query('select from outbox')).rowCount).toBe(0))

/** The message that says of a change what it was. */
async function systemMessageOf(action: string): Promise<{ id: string; seq: number }> {
  const { rows } = await world.database.query<{ id: string; seq: string }>(
    `select id, seq from messages where conversation_id = $1 and metadata ->> 'action' = $2 order by seq desc limit 1`,
    [group.id, action],
  )
  const [message] = rows
  if (!message) throw new Error(`no message says ${action}`)
  return { id: message.id, seq: Number(message.seq) }
}

test.each(['change', 'creation'])('an addition (%s) of somebody who has been removed since lets them hear nothing', async (kind) => {
  await letIn(eve)
  await remove(eve)
  const [listener, witness] = [await eve.connect(), await bob.connect()]
  const { id: messageId } = await systemMessageOf('participants_added')

  await leave({ kind, userIds: [eve.id], ...(kind === 'change' && { action: 'participants_added', messageId }) })
  await allTold()

  await ann.send(group, 'not for Eve')
  await witness.hears('conversation_activity', ({ last_message }) => last_message?.content === 'not for Eve')
  await listener.settled()
  expect(listener.told()).toEqual([])
  for (const connection of [listener, witness]) connection.close()
})

test('a removal of somebody who has come back since takes nothing from them', async () => {
  await letIn(eve)
  await remove(eve)
  await letIn(eve)
  const listener = await eve.connect()
  await listener.get('join_conversation', { conversationId: group.id })
  const { id: messageId } = await systemMessageOf('participant_removed')

  await leave({ kind: 'change', action: 'participant_removed', messageId, userIds: [eve.id] })
  await allTold()

  await ann.send(group, 'for Eve')
  await listener.hears('new_message', ({ content }) => content === 'for Eve')
  expect(listener.seen('conversation_removed')).toEqual([])
  listener.close()
})

test('what is deleted while a relay tells what comes before it is not told', async () => {
  await ann.rest('PATCH', `/api/v1/chat/conversations/${group.id}`, { metadata: { name: 'Ward 7' } })
  const { id: messageId } = await systemMessageOf('metadata_changed')
  const { id, seq } = await ann.send(group, 'regretted')
  const listener = await bob.connect()
  await listener.get('join_conversation', { conversationId: group.id })
  const session = await world.database.connect()

  await session.query('begin')
  await session.query('lock table conversations in access exclusive mode')
  await leave({ kind: 'change', action: 'metadata_changed', messageId, userIds: [] })
  await leave({ kind: 'messages', at: [[group.id, seq]] })
  const isHeldUp = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  await eventually(async () => expect((await session.query(isHeldUp)).rowCount).toBeGreaterThan(0))
  await session.query('update messages set is_deleted = true where id = $1', [id])
  await session.query('commit')
  session.release()

  await allTold()
  await listener.settled()
  expect(JSON.stringify(listener.heard)).not.toContain('regretted')
  listener.close()
})
