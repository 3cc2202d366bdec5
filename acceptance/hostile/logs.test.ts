import type { Conversation } from '@viatra-chat/contract'
import { connect, eventually, forgeToken, secondsFromNow, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLogged, type LoggedService } from './logged-service.js'
import { openSession } from './raw-socket.js'

// What people write, and what opens doors, is in no log: whatever succeeds, is refused or goes wrong, at the most talkative level.

const marker = 'LAB-RESULT-7731'
let world: World
let api: LoggedService
let gateway: LoggedService
let ann: Person
let bob: Person
let group: Conversation
beforeAll(async () => {
  world = await startWorld({ apis: 1, gateways: 0 })
  ;[api, gateway] = await Promise.all([
    startLogged('api', world, { LOG_LEVEL: 'trace' }),
    startLogged('gateway', world, { LOG_LEVEL: 'trace' }),
  ])
  ;[ann, bob] = await world.people('Ann', 'Bob')
  group = await ann.create({ type: 'group', participant_ids: [bob.id] })
})
afterAll(async () => {
  await Promise.all([api.stop(), gateway.stop()])
  await world.close()
})

const pushToken = `${marker}-push-token`
const signature = () => ann.token.split('.')[2] ?? '?'

async function callApi(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<number> {
  const headers = { authorization: `Bearer ${ann.token}`, 'content-type': 'application/json', ...init.headers }
  return (await fetch(`${api.url}/api/v1/${path}`, { ...init, headers })).status
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  callApi(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers })

async function useTheApi(): Promise<number[]> {
  const messages = `chat/conversations/${group.id}/messages`
  const forged = forgeToken({ userId: ann.id, exp: secondsFromNow(60), note: marker }, { key: 'x' })
  return [
    await post(messages, { content: marker, metadata: { note: marker }, client_message_id: marker }),
    await post(messages, { content: `${marker}\r\n{"level":60,"msg":"forged"}` }),
    await post(messages, { content: 1, metadata: { [marker]: '\u0000' }, message_type: marker }),
    await post(messages, { content: `${marker} again`, client_message_id: marker }),
    await post(messages, `{"content":"${marker}`),
    await post(messages, marker, { 'content-type': 'text/plain' }),
    await post(messages, { content: marker }, { 'idempotency-key': marker, authorization: `Bearer ${forged}` }),
    await post('auth/fcm-token', { fcm_token: pushToken, device_id: marker }),
    await post('auth/fcm-token', { fcm_token: `${pushToken} `, device_id: marker }),
    await callApi(`chat/conversations?cursor=${marker}`),
    await callApi(`chat/${marker}?q=${marker}`),
    await callApi(`chat/conversations/${marker}`, {
      headers: { 'x-request-id': `${marker} with space`, cookie: `token=${ann.token}`, 'user-agent': marker },
    }),
    await callApi(`chat/sync?token=${ann.token}&since=${marker}`),
    await callApi(`admin/messages/${group.id}?reason=${marker}`),
  ]
}

async function useTheGateway(): Promise<void> {
  const connection = await connect(`${gateway.url}?token=${ann.token}`, { token: ann.token }, { cookie: marker, 'user-agent': marker })
  const here = { conversationId: group.id }
  await connection.get('join_conversation', here)
  await connection.get('send_message', { ...here, content: marker, metadata: { note: marker } })
  await connection.refused('send_message', { ...here, content: { marker }, metadata: marker })
  await connection.refused('authenticate', { token: `${marker}.${marker}.${marker}` })
  await connection.refused(marker, { marker })
  await connection.get('typing_start', here)
  await connect(gateway.url, { token: `${marker}.a.b` }).catch(() => undefined)
  const raw = await openSession(gateway.url, ann.token)
  raw.send(`42["send_message",{"content":"${marker}`)
  await raw.closed()
  connection.close()
}

/** Everything goes wrong in the database: its errors quote whole rows. */
async function useThemWhileTheDatabaseIsWrong(): Promise<number> {
  await world.database.query('alter table messages rename column content to contents')
  const connection = await connect(gateway.url, { token: ann.token })
  const status = await post(`chat/conversations/${group.id}/messages`, { content: marker, metadata: { note: marker } })
  await connection.ask('send_message', { conversationId: group.id, content: marker })
  await world.database.query('alter table messages rename column contents to content')
  await world.database.query(`alter table messages add constraint wrong check (content not like '%${marker}%') not valid`)
  await post(`chat/conversations/${group.id}/messages`, { content: marker, metadata: { note: marker } })
  await connection.ask('send_message', { conversationId: group.id, content: marker })
  await world.database.query('alter table messages drop constraint wrong')
  connection.close()
  return status
}

test('neither texts nor metadata nor tokens are in the output of any process', { timeout: 60_000 }, async () => {
  expect(await useTheApi()).toEqual([201, 201, 400, 409, 400, 415, 401, 200, 400, 400, 404, 400, 400, 403])
  await useTheGateway()
  expect(await useThemWhileTheDatabaseIsWrong()).toBe(500)
  await eventually(() => expect(gateway.output()).toContain('operation failed'))
  for (const { output } of [api, gateway]) {
    const lines = output().trim().split('\n')
    expect(lines.length).toBeGreaterThan(2)
    // Each is one JSON object: nothing that anybody sent begins a line.
    for (const line of lines) expect(typeof JSON.parse(line)).toBe('object')
    expect(output()).not.toContain(marker)
    expect(output()).not.toContain(signature())
  }
})

test('a service that would print packets refuses to start in production', async () => {
  const production = { NODE_ENV: 'production', DEBUG: 'socket.io:*,engine*' }
  for (const name of ['api', 'gateway'] as const)
    await expect(startLogged(name, world, production)).rejects.toThrow('DEBUG: must not be set in production')
})
