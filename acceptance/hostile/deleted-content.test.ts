import type { Conversation, Message } from '@viatra-chat/contract'
import { eventually, hearOut, joinFrom, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { everythingInRedis } from './everything-in-redis.js'

// What was deleted is nowhere: not in answers, not in events, not in Redis. Only the administrator's view shows it.

const marker = 'LAB-RESULT-7731'
const chat = '/api/v1/chat'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2 })
})
afterAll(() => world.close())

interface Setting {
  ann: Person
  bob: Person
  carl: Person
  group: Conversation
  secret: Message
}

/** A group that has read, listed, quoted and cached a message everywhere, and then lost it. */
async function afterDeletion(): Promise<Setting & { connection: Connection }> {
  const [ann, bob, carl] = await world.people('Ann', 'Bob', 'Carl')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id, carl.id] })
  const secret = await ann.send(group, `${marker} in the text`, { metadata: { file_name: `${marker}.pdf` } })
  await bob.send(group, 'a reply', { parent_message_id: secret.id })
  await readEverything({ ann, bob, carl, group, secret })
  await bob.rest('POST', `${chat}/conversations/${group.id}/read`, { message_ids: [secret.id] })
  await readEverything({ ann, bob, carl, group, secret })
  const connection = await joinFrom(bob, group, 1)
  await ann.rest('DELETE', `${chat}/messages/${secret.id}`)
  return { ann, bob, carl, group, secret, connection }
}

async function readEverything({ ann, bob, carl, group, secret }: Setting): Promise<string> {
  const paths = [
    'conversations',
    'conversations?type=group&limit=5',
    `conversations/${group.id}`,
    `conversations/${group.id}/messages`,
    `conversations/${group.id}/messages?limit=1`,
    `conversations/${group.id}/messages?page=2&limit=1`,
    `conversations/${group.id}/messages?before=${secret.id}`,
    `conversations/${group.id}/messages?after=${secret.id}`,
    'sync',
  ]
  const answers = await Promise.all(
    [ann, bob, carl].flatMap((who) => paths.flatMap((path) => [0, 1].map((api) => who.rest('GET', `${chat}/${path}`, undefined, { api })))),
  )
  return JSON.stringify(answers.map(({ body }) => body))
}

test('before it was deleted the message was in answers and in the cache', async () => {
  const { ann, conversation } = await world.twoPeople()
  const secret = await ann.send(conversation, marker)
  expect(await readEverything({ ann, bob: ann, carl: ann, group: conversation, secret })).toContain(marker)
  await eventually(async () => expect(await everythingInRedis(world.redis)).toContain(marker))
  await ann.rest('DELETE', `${chat}/messages/${secret.id}`)
  await eventually(async () => expect(await everythingInRedis(world.redis)).not.toContain(marker))
})

describe('a deleted message', () => {
  test('is in no answer to anybody, on no instance, with a warm cache and without', async () => {
    const setting = await afterDeletion()
    expect(await readEverything(setting)).not.toContain(marker)
    await world.redis.flushdb()
    expect(await readEverything(setting)).not.toContain(marker)
    const reasoned = `/api/v1/admin/messages/${setting.secret.id}?reason=complaint`
    expect(JSON.stringify((await setting.ann.rest('GET', reasoned)).body)).not.toContain(marker)
  })

  test('leaves Redis as soon as it is told: no page that shows it waits for its time to end', async () => {
    await afterDeletion()
    await eventually(async () => expect(await everythingInRedis(world.redis)).not.toContain(marker))
  })

  test('does not come back into Redis with a page that was on its way there', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    for (let round = 0; round < 5; round++) {
      const secret = await ann.send(group, `${marker} ${round}`)
      const reads = [1, 2, 3, 4, 5, 6].flatMap((limit) => [
        bob.history(group, `?limit=${limit}`, { api: limit % 2 }),
        bob.conversations(`?limit=${limit}`, { api: limit % 2 }),
      ])
      await Promise.all([...reads, ann.rest('DELETE', `${chat}/messages/${secret.id}`)])
    }
    await eventually(async () => expect(await everythingInRedis(world.redis)).not.toContain(marker))
  })

  test('is told by its id alone, and what comes later does not tell it', async () => {
    const { ann, bob, group, secret, connection } = await afterDeletion()
    await connection.hears('message_deleted')
    connection.forget()
    await ann.send(group, 'another reply', { parent_message_id: secret.id })
    const late = await joinFrom(bob, group, 0)
    const synced = await late.get('sync')
    await hearOut(ann, group, connection, late)
    const heard = JSON.stringify([connection.heard, late.heard, synced])
    expect(heard).toContain('another reply')
    expect(heard).not.toContain(marker)
    connection.close()
    late.close()
  })

  test('takes no receipts and no second deletion, and a retry of its sending gives a tombstone', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const send = { content: marker, client_message_id: 'once' }
    const { id } = (await ann.rest<Message>('POST', `${chat}/conversations/${group.id}/messages`, send)).data
    await ann.rest('DELETE', `${chat}/messages/${id}`)
    expect((await bob.rest('POST', `${chat}/conversations/${group.id}/read`, { message_ids: [id] })).data).toEqual({
      message_ids: [],
      unread_count: 0,
    })
    expect((await bob.rest('GET', `${chat}/messages/${id}/receipts`)).verdict).toBe('404 MESSAGE_NOT_FOUND')
    const again = await ann.rest<Message>('POST', `${chat}/conversations/${group.id}/messages`, send)
    expect(again.data).toMatchObject({ id, is_deleted: true, content: null, metadata: {} })
    expect(JSON.stringify(again.body)).not.toContain(marker)
  })

  test('is in nothing that waits to be told', async () => {
    await afterDeletion()
    const { rows } = await world.database.query('select * from outbox')
    expect(JSON.stringify(rows)).not.toContain(marker)
  })

  test('is shown by no read that starts after the deletion was answered, however many go on at once', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const secret = await ann.send(group, marker)
    let isGone = false
    const reader = async (api: number) => {
      const seen: string[] = []
      for (let i = 0; i < 25; i++) {
        const startedAfter = isGone
        const text = JSON.stringify([await bob.history(group, '', { api }), await bob.conversations('', { api })])
        if (startedAfter) seen.push(text)
      }
      return seen
    }
    const readers = [0, 1, 0, 1].map(reader)
    await ann.rest('DELETE', `${chat}/messages/${secret.id}`).then(() => (isGone = true))
    const seen = (await Promise.all(readers)).flat()
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.join()).not.toContain(marker)
  })
})
