import type { Conversation } from '@viatra-chat/contract'
import { connect, joinFrom, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { readMetrics } from '../operations/read-metrics.js'
import { everythingInRedis } from './everything-in-redis.js'
import { startLogged, type LoggedService } from './logged-service.js'
import { openSession, type RawSocket } from './raw-socket.js'

// Engine.IO names a session by an id. Over polling whoever has it has the session, so that nobody may come to know it; over WebSockets it is
// good for nothing.

const transports = ['websocket', 'websocket,polling'] as const
const sidIn = (opening: string | undefined) => (JSON.parse((opening ?? '').slice(1)) as { sid: string }).sid
const sidOf = (raw: RawSocket) => sidIn(raw.received[0])

/** The status that a WebSocket to this session is refused with. */
const upgradeTo = (gateway: string, sid: string) =>
  new Promise<number | undefined>((resolve) => {
    const socket = new WebSocket(`${gateway.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid=${encodeURIComponent(sid)}`)
    socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
    socket.on('error', () => undefined)
    // What a client that changes its transport says; then it has the session.
    socket.on('open', () => socket.send('2probe'))
    socket.on('message', (data: Buffer) => {
      if (data.toString() === '3probe') socket.send('5', () => resolve(101))
    })
    socket.on('close', () => resolve(undefined))
  })

describe.each(transports)('where a gateway speaks %s', (spoken) => {
  let world: World
  let ann: Person
  let conversation: Conversation
  beforeAll(async () => {
    world = await startWorld({ env: { SOCKET_IO_TRANSPORTS: spoken } })
    ;({ ann, conversation } = await world.twoPeople())
  })
  afterAll(() => world.close())
  const gateway = () => world.gateways[0] ?? ''
  const poll = (sid: string, init: RequestInit = {}) =>
    fetch(`${gateway()}/socket.io/?EIO=4&transport=polling&sid=${encodeURIComponent(sid)}`, init)

  test('a session over a WebSocket is nobody else’s, not even with its id: not by another WebSocket, not by requests', async () => {
    const theirs = await openSession(gateway(), ann.token)
    const sid = sidOf(theirs)
    expect(await upgradeTo(gateway(), sid)).toBe(400)
    expect((await poll(sid)).status).toBe(400)
    const send = `42["send_message",${JSON.stringify({ conversationId: conversation.id, content: 'of a thief' })}]`
    expect((await poll(sid, { method: 'POST', body: send, headers: { 'content-type': 'text/plain' } })).status).toBe(400)
    theirs.send(`421["join_conversation",${JSON.stringify({ conversationId: conversation.id })}]`)
    expect(await theirs.receives(/^431/)).toContain('"success":true')
    expect(JSON.stringify(await ann.history(conversation))).not.toContain('of a thief')
    theirs.end()
  })

  test.each(['x', '__proto__', 'constructor', 'AAAAAAAAAAAAAAAAAAAA'])('an id that nobody has (%s) opens nothing', async (sid) => {
    expect(await upgradeTo(gateway(), sid)).toBe(400)
    expect((await poll(sid)).status).toBe(400)
    expect((await poll(sid, { method: 'POST', body: '40', headers: { 'content-type': 'text/plain' } })).status).toBe(400)
  })
})

describe('the id of a session', () => {
  let world: World
  let gateway: LoggedService
  let metricsUrl: string
  beforeAll(async () => {
    world = await startWorld()
    gateway = await startLogged('gateway', world, { LOG_LEVEL: 'trace', SOCKET_IO_TRANSPORTS: 'websocket,polling', METRICS_PORT: '0' })
    metricsUrl = `http://127.0.0.1:${/"metricsPort":(\d+)/.exec(gateway.output())?.[1]}/metrics`
  })
  afterAll(async () => {
    await gateway.stop()
    await world.close()
  })

  test('is what a client of requests changes to a WebSocket with', async () => {
    const opening = await (await fetch(`${gateway.url}/socket.io/?EIO=4&transport=polling`)).text()
    expect(await upgradeTo(gateway.url, sidIn(opening))).toBe(101)
  })

  test('is in no log however talkative, no metric, nothing that others hear, and nothing in Redis', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const listener = await joinFrom(bob, conversation)
    const opened = await openSession(gateway.url, ann.token)
    const polled = sidIn(await (await fetch(`${gateway.url}/socket.io/?EIO=4&transport=polling`)).text())
    const address = `${gateway.url}/socket.io/?EIO=4&transport=polling&sid=${polled}`
    const post = (body: string) => fetch(address, { method: 'POST', body, headers: { 'content-type': 'text/plain' } })
    await post(`40${JSON.stringify({ token: ann.token })}`)
    expect(await (await fetch(address)).text()).toMatch(/^40/)
    await post(`421${JSON.stringify(['send_message', { conversationId: conversation.id, content: 'polled' }])}`)
    await listener.hears('new_message', ({ content }) => content === 'polled')
    opened.send(`428${JSON.stringify(['join_conversation', { conversationId: conversation.id }])}`)
    await opened.receives(/^438/)
    opened.send(`42${JSON.stringify(['typing_start', { conversationId: conversation.id }])}`)
    opened.send(`429${JSON.stringify(['send_message', { conversationId: conversation.id, content: 1 }])}`)
    await opened.receives(/^439/)
    await listener.hears('user_typing')
    // Ended by what is no packet, and by a person who leaves: both are logged.
    await post('451-["x"]')
    await fetch(address)
    opened.end()
    const late = await connect(gateway.url, { token: ann.token })
    await late.settled()
    late.close()
    const metrics = JSON.stringify(await readMetrics(metricsUrl))
    const told = { log: gateway.output(), metrics, heard: JSON.stringify(listener.heard), redis: await everythingInRedis(world.redis) }
    expect(told.log).toContain('disconnected')
    expect(told.metrics).toContain('chat_gateway_connections')
    expect(told.redis).toContain(ann.id)
    for (const sid of [sidOf(opened), polled]) {
      expect(sid).toMatch(/^[\w-]{20}$/)
      for (const [where, text] of Object.entries(told)) expect(text.includes(sid), where).toBe(false)
    }
    listener.close()
  })
})
