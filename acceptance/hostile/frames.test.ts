import type { Conversation } from '@viatra-chat/contract'
import { connect, eventually, joinFrom, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openRaw, openSession, type RawSocket } from './raw-socket.js'

// What no client library sends. Each time the guilty connection ends or is ignored, and a witness is served all along.

let world: World
let ann: Person
let bob: Person
let conversation: Conversation
let witness: Connection
beforeAll(async () => {
  world = await startWorld({
    env: {
      RATE_LIMIT_MULTIPLIER: '1',
      SOCKET_IO_PING_INTERVAL: '1000',
      SOCKET_IO_PING_TIMEOUT: '4000',
      SOCKET_CONNECTIONS_PER_USER: '3',
      SOCKET_CONNECTIONS_PER_ADDRESS: '40',
    },
  })
  ;({ ann, bob, conversation } = await world.twoPeople())
  witness = await joinFrom(bob, conversation)
})
afterAll(() => world.close())

const gateway = () => world.gateways[0] ?? ''
const session = (options?: object) => openSession(gateway(), ann.token, options)
const ask = (event: string, payload: unknown, id = '') => `42${id}${JSON.stringify([event, payload])}`

/** The witness hears what is sent now, over REST, since its own socket may be the one that is flooded. */
afterEach(async () => {
  await world.redis.del(`chat:limit:send_message:${ann.id}`)
  const { id } = await ann.send(conversation, 'still there?')
  await witness.hears('new_message', (message) => message.id === id)
  expect(witness.socket.connected).toBe(true)
})

/** Lets the gateway, which runs in this process, have its turns. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('a frame', () => {
  test('over 128 KiB closes its connection before it is read', async () => {
    const raw = await session()
    raw.send('4'.repeat(128 * 1024 + 1))
    expect(await raw.closed()).toBe(1009)
  })

  test('in fragments over 128 KiB closes it too, though none of them is large', async () => {
    const raw = await session()
    for (let i = 0; i < 140; i++) raw.socket.send('4'.repeat(1024), { fin: false }, () => undefined)
    expect(await raw.closed()).toBe(1009)
  })

  test('in a hundred thousand fragments that never end closes it, and so does one that never goes on', async () => {
    const [many, one] = await Promise.all([session(), session()])
    for (let i = 0; i < 100_000 && many.socket.readyState === many.socket.OPEN; i++) {
      many.socket.send('4', { fin: false }, () => undefined)
      if (i % 500 === 0) await turn()
    }
    // No heartbeat is answered in the middle of a frame.
    one.socket.send('42["send', { fin: false })
    await Promise.all([many.closed(15_000), one.closed(15_000)])
  })

  test('that is compressed was not agreed upon', async () => {
    const raw = await session({ perMessageDeflate: true })
    expect(raw.socket.extensions).toBe('')
    raw.end()
  })

  test('of bytes instead of text is no event', async () => {
    const raw = await session()
    raw.send(Buffer.from(ask('send_message', { conversationId: conversation.id, content: 'bytes' })))
    await raw.closed()
    expect((await ann.history(conversation)).map(({ content }) => content)).not.toContain('bytes')
  })
})

describe('attachments', () => {
  test.each([
    ['none, where some are announced', '450-["send_message",{"_placeholder":true,"num":0}]'],
    ['eleven', '4511-["send_message",{"_placeholder":true,"num":0}]'],
    ['a thousand million', '451000000000-["send_message",{"_placeholder":true,"num":0}]'],
    ['a number that is none', '45x-["send_message",{}]'],
    ['a number without an end', '4599999999999999999999["send_message",{}]'],
  ])('%s: the connection ends', async (_, packet) => {
    const raw = await session()
    raw.send(packet)
    await raw.closed()
  })

  test('that are announced and do not come hold the connection’s next packet against it', async () => {
    const raw = await session()
    raw.send('451-["send_message",{"_placeholder":true,"num":0}]', ask('sync', {}, '1'))
    await raw.closed()
    expect(raw.received.join()).not.toContain('"success":true')
  })

  test('that nobody announced end it', async () => {
    const raw = await session()
    raw.send(Buffer.from('bytes'))
    await raw.closed()
  })
})

describe('a packet', () => {
  test.each([
    '49',
    '47["x"]',
    '4',
    '42"x"',
    '42{"a":1}',
    '42[]',
    '42[null]',
    '42["connect"]',
    '42["disconnect"]',
    '42["newListener",{}]',
    '42["removeListener",{}]',
    '42["x",',
  ])('that is none (%s) ends its connection', async (packet) => {
    const raw = await session()
    raw.send(packet)
    await raw.closed()
  })

  test.each(['421e309["sync",{}]', '42-1["sync",{}]', '4299999999999999999999["sync",{}]'])(
    'with an odd id (%s) is answered at most under it',
    async (packet) => {
      const raw = await session()
      raw.send(packet)
      raw.send(ask('sync', {}, '7'))
      await Promise.race([raw.receives(/^437/), raw.closed()])
      raw.end()
    },
  )

  test.each(['error', '__proto__', 'constructor', 'prototype', 'toString', 'x'.repeat(10_000), '\u0000', ''])(
    'with an odd name is no event (%j)',
    async (name) => {
      const raw = await session()
      raw.send(ask(name.slice(0, 10_000), {}, '1'), ask('sync', {}, '2'))
      expect(await raw.receives(/^431\[/)).toContain('NOT_FOUND')
      await raw.receives(/^432\[/)
      raw.end()
    },
  )

  test.each(['new_message', 'user_online', 'message_read', 'conversation_removed', 'resync', 'participants_removed'])(
    'in the name of the server (%s) reaches nobody',
    async (event) => {
      witness.forget()
      const raw = await session()
      raw.send(ask(event, { conversationId: conversation.id, userId: bob.id, userIds: [bob.id] }, '1'))
      expect(await raw.receives(/^431\[/)).toContain('NOT_FOUND')
      raw.end()
      await witness.get('join_conversation', { conversationId: conversation.id })
      expect(witness.told()).toEqual([])
    },
  )

  test('that answers what was never asked is ignored', async () => {
    const raw = await session()
    raw.send('430[]', '4399["x"]', '43', '431e9[]', ask('sync', {}, '1'))
    await Promise.race([raw.receives(/^431\[/), raw.closed()])
    raw.end()
  })
})

describe('a connection', () => {
  test('that never connects is closed in time, and so is one whose token was refused', async () => {
    const [silent, refused] = await Promise.all([openRaw(gateway()), openRaw(gateway())])
    refused.send('40{"token":"x"}')
    expect(await refused.receives(/^44/)).toContain('TOKEN_INVALID')
    silent.send(ask('sync', {}, '1'))
    await Promise.all([silent.closed(15_000), refused.closed(15_000)])
    expect(silent.received.join()).not.toContain('success')
  })

  test('with a cookie, a token in its address or a header has shown none', async () => {
    const raw = await openRaw(gateway(), {
      query: `&token=${ann.token}&auth=${ann.token}`,
      headers: { cookie: `token=${ann.token}; io=x`, authorization: `Bearer ${ann.token}` },
    })
    raw.send('40')
    expect(await raw.receives(/^44/)).toContain('TOKEN_MISSING')
    raw.end()
  })

  test.each(['/admin', '/__proto__', '/constructor', '/x', '/socket.io', `/${'x'.repeat(5000)}`])(
    'to the namespace %s is refused',
    async (name) => {
      const raw = await openRaw(gateway())
      raw.send(`40${name},${JSON.stringify({ token: ann.token })}`)
      expect(await raw.receives(/^44/)).toContain('Invalid namespace')
      raw.end()
    },
  )

  test('is one person for good: whoever connects over it again, as themselves or as somebody else, ends it', async () => {
    for (const token of [ann.token, bob.token, 'x']) {
      const raw = await session()
      raw.send(`40${JSON.stringify({ token })}`)
      await raw.closed()
      expect(raw.received.filter((text) => text.startsWith('40'))).toHaveLength(1)
    }
  })

  test('may try another token after a refused one, but not many', async () => {
    const raw = await openRaw(gateway())
    raw.send('40{"token":"x"}')
    await raw.receives(/^44/)
    raw.send(`40${JSON.stringify({ token: ann.token })}`)
    await raw.receives(/^40/)
    raw.end()
    const guessing = await openRaw(gateway())
    for (let i = 0; i < 20; i++) guessing.send('40{"token":"x"}')
    await guessing.closed()
    expect(guessing.received.filter((text) => text.startsWith('44')).length).toBeLessThanOrEqual(5)
  })

  test.each(['EIO=3&transport=websocket', 'EIO=4&transport=webtransport', 'EIO=4&transport=__proto__', 'EIO=4&transport=websocket&sid=x'])(
    'in another manner is refused: %s',
    async (query) => {
      const response = await fetch(`${gateway()}/socket.io/?${query}`)
      expect(response.status).toBe(400)
    },
  )
})

describe('floods', () => {
  async function flood(raw: RawSocket, packet: string): Promise<void> {
    const { socket } = raw
    for (let i = 0; i < 100_000 && socket.readyState === socket.OPEN; i++) {
      socket.send(packet, () => undefined)
      if (i % 500 === 0) await turn()
    }
  }

  test.each([
    ['events', () => ask('join_conversation', { conversationId: conversation.id }, '1')],
    ['events nobody knows', () => ask('x', {})],
    ['acknowledgements', () => '4312345["x"]'],
    ['heartbeats', () => '3'],
    ['attempts to reach a namespace', () => '40/x,{"token":"x"}'],
  ])('of %s end the connection, and a witness is answered meanwhile', async (_, packet) => {
    const raw = await session()
    const flooding = flood(raw, packet())
    await witness.get('join_conversation', { conversationId: conversation.id })
    await raw.closed(15_000)
    await flooding
  })

  test('of connections of one person end the oldest, which is told why', async () => {
    const connections: Connection[] = []
    for (let i = 0; i < 5; i++) connections.push(await ann.connect())
    const [oldest, second, ...kept] = connections
    for (const ended of [oldest, second]) {
      await ended?.ended()
      expect(ended?.told()).toEqual([['error', { code: 'RATE_LIMITED', message: expect.stringMatching('3 connections'), event: null }]])
    }
    for (const connection of kept) {
      await connection.get('join_conversation', { conversationId: conversation.id })
      connection.close()
    }
  })

  test('of connections from one address, with a token or without, are refused, and let in again when there is room', async () => {
    const opened = await Promise.allSettled(Array.from({ length: 60 }, () => openRaw(gateway())))
    const open = opened.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(open.length).toBeGreaterThan(20)
    expect(open.length).toBeLessThanOrEqual(40)
    await expect(connect(gateway(), { token: ann.token })).rejects.toThrow()
    open.forEach((raw) => raw.end())
    await eventually(async () => (await ann.connect()).close())
  })
})
