import { connect, eventually, joinFrom, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

// Where long polling is switched on: the same sessions over plain requests, with what requests make possible besides.

let world: World
let ann: Person
let bob: Person
let conversation: { id: string }
let witness: Connection
beforeAll(async () => {
  world = await startWorld({
    env: { SOCKET_IO_TRANSPORTS: 'websocket,polling', SOCKET_IO_CORS_ORIGIN: 'https://app.example', RATE_LIMIT_MULTIPLIER: '1' },
  })
  ;({ ann, bob, conversation } = await world.twoPeople())
  witness = await joinFrom(bob, conversation)
})
afterAll(() => world.close())

afterEach(async () => {
  await world.redis.del(`chat:limit:send_message:${ann.id}`)
  const { id } = await ann.send(conversation, 'still there?')
  await witness.hears('new_message', (message) => message.id === id)
})

const address = (sid = '') => `${world.gateways[0]}/socket.io/?EIO=4&transport=polling${sid && `&sid=${encodeURIComponent(sid)}`}`
const poll = (sid?: string, headers: Record<string, string> = {}) => fetch(address(sid), { headers })
const post = (sid: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(address(sid), { method: 'POST', body, headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers } })
const separator = '\u001e'
const ask = (event: string, payload: unknown, id = '') => `42${id}${JSON.stringify([event, payload])}`

/** A transport without a session: anybody gets one. */
async function open(): Promise<string> {
  const text = await (await poll()).text()
  return (JSON.parse(text.slice(1)) as { sid: string }).sid
}

/** With a session of its person. */
async function openSession(token = ann.token): Promise<string> {
  const sid = await open()
  await post(sid, `40${JSON.stringify({ token })}`)
  expect(await hears(sid, /^40/)).toContain('sid')
  return sid
}

/** Polls until something that fits has come. */
async function hears(sid: string, pattern: RegExp): Promise<string> {
  for (;;) {
    const answer = await poll(sid)
    if (answer.status !== 200) throw new Error(`answered ${answer.status} while waiting for ${String(pattern)}`)
    const found = (await answer.text()).split(separator).find((packet) => pattern.test(packet))
    if (found !== undefined) return found
  }
}

/** The session is over: nobody can poll it. */
const isOver = (sid: string) => eventually(async () => expect((await poll(sid)).status).toBe(400))

describe('over polling', () => {
  test('a session is served like any other, and begins with a token alone', async () => {
    const sid = await openSession()
    await post(sid, ask('send_message', { conversationId: conversation.id, content: 'polled' }, '1'))
    expect(await hears(sid, /^431\[/)).toContain('"content":"polled"')
    const stranger = await open()
    await post(stranger, ask('send_message', { conversationId: conversation.id, content: 'without a token' }, '1'))
    await isOver(stranger)
    expect(JSON.stringify(await bob.history(conversation))).not.toContain('without a token')
  })

  test('the token of a refused session opens none, wherever else one is shown', async () => {
    const sid = await open()
    await post(sid, '40', { authorization: `Bearer ${ann.token}`, cookie: `token=${ann.token}` })
    expect(await hears(sid, /^44/)).toContain('TOKEN_MISSING')
  })

  test.each(['https://evil.example', 'https://app.example.', 'null'])('a page of %s is let in by nothing', async (origin) => {
    expect((await poll(undefined, { origin })).status).toBe(403)
    const sid = await openSession()
    const body = ask('send_message', { conversationId: conversation.id, content: `from ${origin}` }, '1')
    const answer = await post(sid, body, { origin })
    expect(answer.headers.get('access-control-allow-origin')).not.toBe(origin)
  })

  test.each(['x', '__proto__', 'constructor', '../..', "' or 1=1"])('a session of the name %s is nobody’s', async (sid) => {
    expect([(await poll(sid)).status, (await post(sid, ask('sync', {}))).status]).toEqual([400, 400])
  })

  test('whoever polls a session that somebody polls already ends it and gets nothing of it', async () => {
    const sid = await openSession()
    const theirs = poll(sid).then(async (answer) => `${answer.status} ${await answer.text()}`)
    const both = [theirs, poll(sid).then(async (answer) => `${answer.status} ${await answer.text()}`)]
    const answers = await Promise.all(both)
    expect(answers.filter((text) => text.startsWith('400'))).toHaveLength(1)
    await isOver(sid)
  })
})

describe('a body', () => {
  test.each<[what: string, body: string | Uint8Array<ArrayBuffer>, headers?: Record<string, string>]>([
    ['of bytes', new Uint8Array([0, 1, 2, 255]), { 'content-type': 'application/octet-stream' }],
    ['that is no packet', 'xyz'],
    ['that is empty packets', separator.repeat(50)],
    [
      'that announces attachments that do not come',
      `451-["send_message",{"_placeholder":true,"num":0}]${separator}${ask('sync', {}, '1')}`,
    ],
    ['that announces a thousand million of them', '451000000000-["send_message",{}]'],
    ['with attachments that nobody announced', 'bAAAA'],
    ['of more packets than any app sends', Array.from({ length: 12_000 }, () => '3').join(separator)],
    ['that connects again', `40${JSON.stringify({ token: 'x' })}`],
  ])('%s ends its session and no other', async (_, body, headers = {}) => {
    const sid = await openSession()
    const answer = await post(sid, body, headers).catch(() => undefined)
    if (answer) expect(answer.status).toBeLessThan(500)
    await isOver(sid)
  })

  test('over 128 KiB is not read, and its session goes on', async () => {
    const sid = await openSession()
    const content = 'x'.repeat(128 * 1024)
    expect((await post(sid, ask('send_message', { conversationId: conversation.id, content }, '1'))).status).toBe(413)
    await post(sid, ask('join_conversation', { conversationId: conversation.id }, '2'))
    expect(await hears(sid, /^43/)).toMatch(/^432\[\{"success":true/)
  })

  test('of many events is throttled as if they had come one by one', async () => {
    const sid = await openSession()
    const events = Array.from({ length: 300 }, (_, n) => ask('join_conversation', { conversationId: conversation.id }, String(n)))
    await post(sid, events.join(separator))
    expect(await hears(sid, /RATE_LIMITED/)).toContain('"success":false')
  })
})

test('what is left of an interrupted session cannot be taken up by naming it: only a token opens one', async () => {
  const theirs = await connect(world.gateways[0] ?? '', { token: bob.token })
  const named = { pid: theirs.socket.id, sid: theirs.socket.id, offset: '0', recovered: true }
  theirs.socket.io.engine.close()
  for (const auth of [named, { ...named, token: 'x' }])
    await expect(connect(world.gateways[0] ?? '', auth)).rejects.toMatchObject({ data: { code: expect.stringMatching(/^TOKEN_/) } })
  const own = await connect(world.gateways[0] ?? '', { ...named, token: ann.token })
  expect(own.socket.recovered).not.toBe(true)
  expect(await own.get('send_message', { conversationId: conversation.id, content: 'mine' })).toMatchObject({ sender_id: ann.id })
  own.close()
})
