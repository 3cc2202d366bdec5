import { randomUUID } from 'node:crypto'
import { eventually, hearOut, joinFrom, startWorld, type Connection, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2 })
})
afterAll(() => world.close())

/** Ann types on one gateway, Bob listens on the other. */
async function typist() {
  const { ann, bob, conversation } = await world.twoPeople()
  const [own, listener] = await Promise.all([joinFrom(ann, conversation, 0), joinFrom(bob, conversation, 1)])
  const payload = { conversationId: conversation.id }
  return {
    ...{ ann, bob, conversation, own, listener, payload },
    start: () => own.get('typing_start', payload),
    stop: () => own.get('typing_stop', payload),
    said: () => states(listener),
    started: () => listener.hears('user_typing', ({ isTyping }) => isTyping),
    ended: () => listener.hears('user_typing', ({ isTyping }) => !isTyping),
  }
}

const states = (listener: Connection) => listener.seen('user_typing').map(({ isTyping }) => isTyping)

// Each has people of its own, and some wait for time to pass.
describe.concurrent('typing', () => {
  test('is told to the others and kept in Redis for 10 s', async () => {
    const { ann, conversation, listener, payload, start, stop, started, ended, own } = await typist()
    await start()
    expect(await started()).toEqual({ ...payload, userId: ann.id, isTyping: true })
    const key = `presence:typing:${conversation.id}:${ann.id}`
    const ttl = await world.redis.ttl(key)
    expect(ttl).toBeGreaterThan(5)
    expect(ttl).toBeLessThanOrEqual(10)
    await stop()
    expect(await ended()).toEqual({ ...payload, userId: ann.id, isTyping: false })
    expect(await world.redis.exists(key)).toBe(0)
    await hearOut(ann, conversation, listener, own)
    expect(states(listener)).toEqual([true, false])
    expect(states(own)).toEqual([])
  })

  test('that starts again within 3 s is not told again, and later it is', async () => {
    const { start, started, said } = await typist()
    await start()
    await started()
    const since = Date.now()
    await eventually(async () => {
      await start()
      expect(said()).toHaveLength(2)
    })
    expect(Date.now() - since).toBeGreaterThan(2500)
    expect(said()).toEqual([true, true])
  })

  test('that stops without having started says nothing', async () => {
    const { ann, conversation, listener, stop, start, said } = await typist()
    await stop()
    await hearOut(ann, conversation, listener)
    expect(said()).toEqual([])
    await start()
    await stop()
    await stop()
    await hearOut(ann, conversation, listener)
    expect(said()).toEqual([true, false])
  })

  test.each<[how: string, act: (typing: Awaited<ReturnType<typeof typist>>) => Promise<unknown> | void]>([
    ['a message over REST', ({ ann, conversation }) => ann.send(conversation, 'done', {}, { api: 1 })],
    ['a message over this socket', ({ own, payload }) => own.get('send_message', { ...payload, content: 'done' })],
    [
      'a message from another device',
      async ({ ann, payload }) => (await ann.connect(1)).get('send_message', { ...payload, content: 'done' }),
    ],
    ['leaving the room', ({ own, payload }) => own.get('leave_conversation', payload)],
    ['a disconnect', ({ own }) => own.close()],
    ['a connection that breaks', ({ own }) => own.socket.io.engine.close()],
  ])('ends by %s', async (_, act) => {
    const typing = await typist()
    await typing.start()
    await typing.started()
    await act(typing)
    await typing.ended()
    await hearOut(typing.ann, typing.conversation, typing.listener)
    expect(typing.said()).toEqual([true, false])
  })

  test('ends when the typist leaves the conversation', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const [own, listener] = await Promise.all([joinFrom(bob, group, 0), joinFrom(ann, group, 1)])
    await own.get('typing_start', { conversationId: group.id })
    await listener.hears('user_typing')
    await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${bob.id}`)
    await listener.hears('user_typing', ({ isTyping }) => !isTyping)
    expect(states(listener)).toEqual([true, false])
  })

  test('ends by itself after 10 s', async () => {
    const { start, started, said } = await typist()
    await start()
    await started()
    const since = Date.now()
    await eventually(() => expect(said()).toEqual([true, false]), 13_000)
    expect(Date.now() - since).toBeGreaterThan(9000)
  })

  test('a new start after an end is told at once', async () => {
    const { start, stop, said } = await typist()
    for (const expected of [2, 4, 6]) {
      await start()
      await stop()
      await eventually(() => expect(said()).toHaveLength(expected))
    }
    expect(said()).toEqual([true, false, true, false, true, false])
  })

  test('is for those who joined: participants are told to, strangers that they are none', async () => {
    const { ann, conversation, listener, payload, said } = await typist()
    const [unjoined, stranger] = await Promise.all([ann.connect(1), world.person('Cid').then((cid) => cid.connect())])
    for (const event of ['typing_start', 'typing_stop']) {
      expect(await unjoined.refused(event, payload)).toBe('NOT_JOINED')
      expect(await stranger.refused(event, payload)).toBe('NOT_A_PARTICIPANT')
      expect(await stranger.refused(event, { conversationId: randomUUID() })).toBe('CONVERSATION_NOT_FOUND')
    }
    await hearOut(ann, conversation, listener)
    expect(said()).toEqual([])
  })
})
