import { eventually, joinFrom, startWorld, type Connection, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

test('a client that does not read is closed, and its neighbours notice nothing', { timeout: 90_000 }, async () => {
  const [ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id] })
  const [bobs, cids] = await Promise.all([joinFrom(bob, group), joinFrom(cid, group)])
  const endedWith = new Promise((resolve) => cids.socket.once('disconnect', (_reason, details) => resolve(details)))
  lineOf(cids).pause()

  const metadata = { large: 'x'.repeat(16_000) }
  const sent: string[] = []
  const givesUpAt = performance.now() + 60_000
  const isClosed = () => bobs.seen('user_offline').some(({ userId }) => userId === cid.id)
  while (!isClosed() && performance.now() < givesUpAt) {
    const some = await Promise.all(Array.from({ length: 20 }, () => ann.send(group, 'much', { metadata })))
    sent.push(...some.map(({ id }) => id))
  }
  expect(isClosed()).toBe(true)
  await eventually(() => expect(new Set(bobs.seen('new_message').map(({ id }) => id))).toEqual(new Set(sent)))
  lineOf(cids).resume()
  await cids.ended()
  // Nothing was kept for it, not even the wish to close: 1006 is a line that broke.
  expect(await endedWith).toHaveProperty('context.code', 1006)
})

interface Line {
  pause(): void
  resume(): void
}

/** The TCP connection under a client's WebSocket. */
function lineOf({ socket }: Connection): Line {
  const { ws } = socket.io.engine.transport as { ws?: { _socket: Line } }
  if (!ws) throw new Error('there is no WebSocket')
  return ws._socket
}
