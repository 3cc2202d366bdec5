import { eventually, startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
beforeAll(async () => void (world = await startWorld({ gateways: 2 })))
afterAll(() => world.close())

test('nobody is told that they are connected before they hear everything', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const session = await world.database.connect()
  let isConnected = false
  try {
    await session.query('begin')
    await session.query('lock table conversation_members in access exclusive mode')
    const connecting = bob.connect(1).finally(() => (isConnected = true))
    // The gateway has begun to look up the rooms and has to wait for it.
    const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await eventually(async () => expect((await world.database.query(waiting)).rowCount).toBeGreaterThan(0))
    // What it told before that has arrived by now.
    await fetch(`${world.gateways[1]}/healthz`)
    expect(isConnected).toBe(false)
    await session.query('commit')

    const socket = await connecting
    // Not joined: heard through a room that the gateway puts the socket into by itself.
    const { id } = await ann.send(conversation, 'hello')
    await socket.hears('conversation_activity', ({ last_message }) => last_message?.id === id)
    socket.close()
  } finally {
    await session.query('rollback')
    session.release()
  }
})
