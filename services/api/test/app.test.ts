import { connect } from 'node:net'
import { chatMetrics, createFailedTokens, ignoreMeasures, Refusal, signToken, type OpenChat } from '@viatra-chat/chat'
import type { UserId } from '@viatra-chat/contract'
import { readConfig } from '@viatra-chat/runtime'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { buildApp } from '../src/app.js'

// What the public door cannot be made to show: faults, a stop under way, sockets that speak no HTTP. The stores are stand-ins.

const secret = 'a secret that has at least 32 bytes'
const ann = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b' as UserId
const token = signToken({ secret, userId: ann, expiresInMs: 60_000 })
const presence = `/api/v1/chat/presence?user_ids=${ann}`
const sending = `/api/v1/chat/conversations/${ann}/messages`

let app: FastifyInstance | undefined
afterEach(async () => void (await app?.close()))

describe('a fault', () => {
  test('is answered without details and logged once, with what leads to it', async () => {
    const { get, logged } = await open({ redis: { status: 'wait', mget: () => Promise.reject(new Error('secret detail')) } })
    const answer = await get(presence)
    expect(answer.status).toBe(500)
    expect(await answer.json()).toEqual({
      success: false,
      code: 'INTERNAL',
      message: 'Something went wrong on our side.',
      request_id: answer.headers.get('x-request-id'),
    })
    expect(logged('error')).toEqual([expect.objectContaining({ requestId: answer.headers.get('x-request-id') })])
  })

  test('of the person’s look-up is no refusal of the token', async () => {
    const away = Object.assign(new Error('no route'), { code: 'ECONNREFUSED' })
    const { get } = await open({ authenticator: { ...stranger, admit: () => Promise.reject(away) } })
    const answer = await get(presence)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  })
})

describe('a call that fails before its body is understood', () => {
  const malformed = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }

  test('counts, and its answer says where the caller stands', async () => {
    const { get, counted } = await open()
    const answer = await get(sending, malformed)
    expect([answer.status, answer.headers.get('x-ratelimit-limit'), answer.headers.get('x-ratelimit-remaining')]).toEqual([400, '2', '1'])
    expect(counted()).toBe(1)
  })

  test('hears its own failure when the budget is used up, too', async () => {
    const { get } = await open()
    const statuses = [await get(sending, malformed), await get(sending, malformed), await get(sending, malformed)].map(
      ({ status }) => status,
    )
    expect(statuses).toEqual([400, 400, 400])
    const valid = await get(sending, { ...malformed, body: '{}' })
    expect([valid.status, valid.headers.get('x-ratelimit-remaining'), valid.headers.get('retry-after')]).toEqual([429, '0', '60'])
  })

  test('does not count while nobody is known to have made it', async () => {
    const { get, counted } = await open()
    expect((await get(sending, { ...malformed, headers: { ...malformed.headers, authorization: '' } })).status).toBe(401)
    expect(counted()).toBe(0)
  })
})

describe('an answer', () => {
  test('keeps its connection although the body was too large, so that a client still sending gets to read it', async () => {
    const { get } = await open()
    const answer = await get(sending, { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'x'.repeat(5_000_000) })
    expect(answer.status).toBe(413)
    expect(answer.headers.get('connection')).not.toBe('close')
  })

  test('under way when a stop begins is given, and ends its connection', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const { get, arrived, stopping } = await open({
      authenticator: { ...stranger, admit: () => held.then(() => Promise.reject(new Refusal('USER_INACTIVE'))) },
    })
    const answering = get(presence)
    await arrived
    const closing = app?.close()
    await stopping
    release()
    const answer = await answering
    expect([answer.status, answer.headers.get('connection')]).toEqual([403, 'close'])
    await closing
  })

  test.each([
    ['what is no HTTP', 'GARBAGE\r\n\r\n', 400],
    ['headers that are too large', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', 400],
  ])('is the failure of the contract for %s', async (_what, request, status) => {
    const { port } = await open()
    const [head = '', body = ''] = (await speak(port, request)).split('\r\n\r\n')
    expect(head).toContain(`HTTP/1.1 ${status} `)
    expect(JSON.parse(body)).toMatchObject({ success: false, code: 'VALIDATION_ERROR', request_id: expect.any(String) as string })
  })
})

/** Nobody who is known from before. */
const stranger = { recall: () => undefined }

/** An API whose domain is made of stand-ins; `parts` replaces some. Two calls a minute are allowed. */
async function open(parts: object = {}) {
  const lines: { level: string; fields: object }[] = []
  const write = (level: string) => (fields: object) => void lines.push({ level, fields })
  let used = 0
  const chat = {
    settings: { messageLengthMax: 5000 },
    measures: ignoreMeasures(chatMetrics),
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    redis: { status: 'wait' },
    checks: {},
    authenticator: { ...stranger, admit: () => Promise.resolve({ actor: { userId: ann, isAdmin: false } }) },
    limits: {
      limitOf: () => 2,
      count: () => Promise.resolve({ limit: 2, remaining: Math.max(0, 2 - ++used), resetMs: 60_000, allowed: used <= 2 }),
    },
    failedTokens: createFailedTokens(1),
    ...parts,
  } as unknown as OpenChat
  const config = readConfig({ DATABASE_URL: 'postgres://x/x', REDIS_URL: 'redis://x', JWT_SECRET: secret })
  const built = (app = await buildApp(config, chat))
  const arrived = new Promise<void>((resolve) => built.addHook('onRequest', async () => resolve()))
  const stopping = new Promise<void>((resolve) => built.addHook('preClose', async () => resolve()))
  const url = await built.listen({ host: '127.0.0.1', port: 0 })
  const get = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })
  const logged = (level: string) => lines.filter((line) => line.level === level).map(({ fields }) => fields)
  return { get, logged, arrived, stopping, counted: () => used, port: Number(new URL(url).port) }
}

/** Everything a server says until it closes the connection. */
function speak(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => (heard += chunk.toString()))
    socket.on('close', () => resolve(heard))
    socket.on('error', reject)
  })
}
