import { startWorld, testkitApplication, type World } from '@viatra-chat/testkit'
import { afterEach, expect, test } from 'vitest'

let world: World
afterEach(() => world.close())

test('when the database ends all sessions, sends go on, and each message is stored once', async () => {
  world = await startWorld({ apis: 2 })
  const { ann, conversation } = await world.twoPeople()
  const path = `/api/v1/chat/conversations/${conversation.id}/messages`
  await ann.send(conversation, 'before', {}, { api: 0 })
  await ann.send(conversation, 'before', {}, { api: 1 })

  const sends = Array.from({ length: 60 }, async (_, i) => {
    if (i % 20 === 10) await endSessions(world)
    const { status } = await ann.rest('POST', path, { content: `m${i}`, client_message_id: `k${i}` }, { api: i % 2 })
    return { i, status }
  })
  const answers = await Promise.all(sends)

  expect(answers.filter(({ status }) => status !== 201 && status !== 503)).toEqual([])
  for (const { i } of answers) await ann.send(conversation, `m${i}`, { client_message_id: `k${i}` })
  const contents = (await ann.history(conversation, '?limit=100')).map((message) => message.content)
  expect(contents.filter((content) => content !== 'before').sort()).toEqual(answers.map(({ i }) => `m${i}`).sort())
})

test('when the database ends all sessions while many people send, each message is stored once', async () => {
  world = await startWorld()
  const people = await world.people(...Array.from({ length: 70 }, (_, n) => `Person ${n}`))
  const [first] = people
  if (!first) throw new Error('there is nobody')
  const group = await first.create({ type: 'group', participant_ids: people.slice(1).map(({ id }) => id) })
  const path = `/api/v1/chat/conversations/${group.id}/messages`
  const bodies = people.flatMap((who, n) => [1, 2, 3].map((i) => ({ who, body: { content: `${n}.${i}`, client_message_id: `${n}.${i}` } })))

  const sends = bodies.map(async ({ who, body }, n) => {
    if (n % 60 === 50) await endSessions(world)
    return (await who.rest('POST', path, body)).status
  })

  expect((await Promise.all(sends)).filter((status) => status !== 201 && status !== 503)).toEqual([])
  for (const { who, body } of bodies) await who.rest('POST', path, body)
  const pages = await Promise.all([1, 2, 3].map((page) => first.history(group, `?limit=100&page=${page}`)))
  expect(
    pages
      .flat()
      .map(({ content }) => content)
      .sort(),
  ).toEqual(bodies.map(({ body }) => body.content).sort())
})

test('while Redis is away messages are stored and read, and limits still hold', async () => {
  const nobodyListens = 'redis://127.0.0.1:1'
  world = await startWorld({ env: { REDIS_URL: nobodyListens, RATE_LIMIT_MULTIPLIER: '1' } })
  const { ann, bob, conversation } = await world.twoPeople()

  const sent = await ann.send(conversation, 'hello')
  expect((await bob.history(conversation)).map((message) => message.id)).toEqual([sent.id])
  expect((await bob.conversations())[0]).toMatchObject({ unread_count: 1 })

  const path = '/api/v1/chat/conversations'
  const statuses = await Promise.all(Array.from({ length: 31 }, async () => (await ann.rest('GET', path)).status))
  expect(statuses.filter((status) => status === 429)).toHaveLength(1)
  expect(statuses.filter((status) => status === 200)).toHaveLength(30)
})

async function endSessions({ database }: World): Promise<void> {
  await database.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name <> $1',
    [testkitApplication],
  )
}
