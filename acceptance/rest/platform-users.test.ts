import { startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

// The platform's own table of people lets fields be empty that ours fills. Apps cast names to strings all the same.

let world: World
beforeAll(async () => {
  world = await startWorld()
  await world.database.query(`
    create type enum_users_role as enum ('patient', 'doctor', 'admin');
    alter table users alter first_name drop not null, alter last_name drop not null, alter is_active drop not null, alter role drop default;
    drop index idx_users_inactive;
    alter table users alter role type enum_users_role using role::enum_users_role;
    create index idx_users_inactive on users (id) where not is_active`)
})
afterAll(() => world.close())

test('people without names have empty ones, everywhere', async () => {
  const { ann, bob } = await world.twoPeople()
  await world.database.query('update users set first_name = null, last_name = null where id = $1', [bob.id])
  const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
  const connection = await ann.connect()
  await connection.get('join_conversation', { conversationId: group.id })
  const sent = await bob.send(group, 'Hello')
  const nameless = { id: bob.id, first_name: '', last_name: '' }
  expect(sent.sender).toMatchObject(nameless)
  expect((await connection.hears('new_message')).sender).toMatchObject(nameless)
  const seen = await ann.conversation(group.id)
  expect(seen.participants.find(({ id }) => id === bob.id)).toMatchObject(nameless)
  expect(seen.last_message?.sender).toMatchObject(nameless)

  await bob.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${bob.id}`)
  const added = await ann.rest('POST', `/api/v1/chat/conversations/${group.id}/participants`, { participant_ids: [bob.id] })
  expect(added.verdict).toBe('200')
  expect((await ann.history(group)).map(({ content }) => content)).toEqual([
    expect.stringMatching(/^Ann Example added Somebody/),
    expect.stringMatching(/^Somebody left/),
    'Hello',
  ])
})

test('only who is said to be inactive is refused', async () => {
  const { ann, bob } = await world.twoPeople()
  await world.database.query('update users set is_active = null where id = any($1)', [[ann.id, bob.id]])
  const eve = await world.person('Eve')
  expect((await ann.rest('GET', '/api/v1/chat/conversations')).verdict).toBe('200')
  expect((await eve.create({ participant_ids: [bob.id] })).participant_ids).toContain(bob.id)
  const connection = await ann.connect()
  await connection.settled()
  await world.database.query('update users set is_active = false where id = $1', [ann.id])
  await connection.ended()
  expect(connection.seen('error')).toMatchObject([{ code: 'USER_INACTIVE' }])
})

test('roles may be an enumeration', async () => {
  const root = await world.person('Root', { role: 'admin' })
  const { ann, bob, conversation } = await world.twoPeople()
  const sent = await ann.send(conversation, 'Hello')
  expect((await root.rest('GET', `/api/v1/admin/messages/${sent.id}?reason=complaint`)).data).toMatchObject({ sender: { role: 'patient' } })
  expect((await bob.rest('GET', `/api/v1/admin/messages/${sent.id}?reason=complaint`)).verdict).toBe('403 FORBIDDEN')
})
