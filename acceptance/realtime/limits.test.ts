import { eventually, joinFrom, startWorld, type Ack, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2, env: { RATE_LIMIT_MULTIPLIER: '1' } })
})
afterAll(() => world.close())

const codes = (acks: readonly Ack[]) => acks.map((ack) => (ack.success ? 'ok' : ack.code))

describe.concurrent('a connection', () => {
  test('may send 100 events at once; what is beyond is refused, other connections are not, and later it goes on', async () => {
    const { ann, conversation } = await world.twoPeople()
    const payload = { conversationId: conversation.id }
    const [busy, other] = await Promise.all([ann.connect(), ann.connect()])
    const burst = Promise.all(Array.from({ length: 200 }, () => busy.ask('join_conversation', payload)))
    await other.get('join_conversation', payload)

    const answers = await burst
    expect(codes(answers.slice(0, 100))).toEqual(Array.from({ length: 100 }, () => 'ok'))
    expect(codes(answers)).toContain('RATE_LIMITED')
    expect(new Set(codes(answers))).toEqual(new Set(['ok', 'RATE_LIMITED']))
    const refused = answers.find(({ success }) => !success)
    expect(refused).toEqual({
      success: false,
      code: 'RATE_LIMITED',
      message: expect.any(String),
      retry_after: 1,
      request_id: expect.any(String),
    })
    await eventually(() => busy.get('join_conversation', payload))
    expect(busy.socket.connected).toBe(true)
  })

  test('that goes on for 10 s is told why and closed; others go on', async () => {
    const { ann, conversation } = await world.twoPeople()
    const payload = { conversationId: conversation.id }
    const [flooding, other] = await Promise.all([joinFrom(ann, conversation), joinFrom(ann, conversation)])
    const since = Date.now()
    const flood = setInterval(() => {
      for (let i = 0; i < 20; i++) flooding.socket.emit('typing_stop', payload)
    }, 50)
    try {
      await eventually(() => expect(flooding.socket.connected).toBe(false), 15_000)
    } finally {
      clearInterval(flood)
    }
    expect(Date.now() - since).toBeGreaterThan(10_000)
    expect(flooding.seen('error').at(-1)).toEqual({ code: 'RATE_LIMITED', message: expect.any(String), event: null })
    expect(flooding.seen('error')[0]).toEqual({ code: 'RATE_LIMITED', message: expect.any(String), event: 'typing_stop' })
    await other.get('join_conversation', payload)
  })
})

describe('one budget per minute over REST, sockets and all instances', () => {
  test('holds for sends: 60, invalid ones and retries counted', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const path = `/api/v1/chat/conversations/${conversation.id}/messages`
    const sockets = await Promise.all([ann.connect(0), ann.connect(1)])
    const sends: Promise<unknown>[] = []
    for (let i = 0; i < 15; i++) {
      sends.push(...[0, 1].map((api) => ann.rest('POST', path, { content: i ? `${i}` : '' }, { api })))
      sends.push(...sockets.map((socket) => socket.ask('send_message', { conversationId: conversation.id, content: `${i}` })))
    }
    await Promise.all(sends)

    const refused = await ann.rest('POST', path, { content: 'one too many' }, { api: 1 })
    expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30)
    expect(refused.headers.get('x-ratelimit-limit')).toBe('60')
    for (const socket of sockets) {
      const ack = await socket.ask('send_message', { conversationId: conversation.id, content: 'one too many' })
      expect(ack).toMatchObject({ success: false, code: 'RATE_LIMITED', retry_after: expect.any(Number) })
    }
    expect((await bob.history(conversation, '?limit=100')).length).toBe(58)
    await bob.send(conversation, 'others go on')
  })

  test('holds for sync', async () => {
    const { ann, bob } = await world.twoPeople()
    const socket = await ann.connect(1)
    const asked = Array.from({ length: 60 }, (_, i) =>
      i % 2 ? socket.ask('sync') : ann.rest('GET', '/api/v1/chat/sync', undefined, { api: i / 2 }),
    )
    await Promise.all(asked)
    expect(await socket.refused('sync')).toBe('RATE_LIMITED')
    expect((await ann.rest('GET', '/api/v1/chat/sync')).status).toBe(429)
    expect((await bob.rest('GET', '/api/v1/chat/sync')).status).toBe(200)
    await socket.get('send_message', { conversationId: (await ann.conversations())[0]?.id, content: 'sends have their own budget' })
  })
})
