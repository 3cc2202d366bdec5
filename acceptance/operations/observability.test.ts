import { connect, eventually, spawnService, startWorld, type World } from '@viatra-chat/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startReceiver } from './receiver.js'

let world: World
let receiver: Awaited<ReturnType<typeof startReceiver>>
const cleanups: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  world = await startWorld()
  receiver = await startReceiver()
})
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()))
  await receiver.close()
  await world.close()
})

const secretText = 'the biopsy was benign'

test('one request is followed through the log by its id, and SIGUSR2 lets the log tell more without a restart', async () => {
  const gateway = await start('gateway')
  const { ann, conversation } = await world.twoPeople()
  const connection = await connect(gateway.url, { token: ann.token })
  cleanups.push(async () => connection.close())
  gateway.signal('SIGUSR2')
  await gateway.says(({ logLevel }) => logLevel === 'debug')

  const ack = await connection.ask('send_message', { conversationId: conversation.id, message_type: 'text', content: secretText })
  const requestId = ack.request_id
  const answered = await gateway.says((line) => line.msg === 'answered' && line['requestId'] === requestId)
  expect(answered).toMatchObject({ operation: 'send_message', connectionId: connection.socket.id })
  const stored = await gateway.says(({ requestIds }) => Array.isArray(requestIds) && requestIds.includes(requestId))
  await gateway.says((line) => line.msg === 'told' && line['outboxId'] === stored['outboxId'])
  expect(JSON.stringify(gateway.lines)).not.toContain(secretText)
  expect(JSON.stringify(gateway.lines)).not.toContain(ann.token)

  gateway.signal('SIGUSR2')
  await gateway.says(({ logLevel }) => logLevel === 'info')
})

test('both services send their spans where OTEL_EXPORTER_OTLP_ENDPOINT says, with the client’s trace and without content', async () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  }
  const [api, gateway] = await Promise.all([start('api', env), start('gateway', env)])
  const { ann, conversation } = await world.twoPeople()
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const path = `/api/v1/chat/conversations/${conversation.id}/messages`
  const answer = await fetch(api.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${ann.token}`, 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: JSON.stringify({ content: secretText }),
  })
  expect(answer.status).toBe(201)
  const connection = await connect(gateway.url, { token: ann.token })
  cleanups.push(async () => connection.close())
  const ack = await connection.ask('join_conversation', { conversationId: conversation.id })

  await eventually(() => {
    const ofApi = spansOf('viatra-chat-api').filter((span) => span.traceId === traceId)
    expect(ofApi.map(({ name }) => name)).toEqual(expect.arrayContaining(['POST', 'send_message']))
    expect(ofApi.some(({ name }) => name.startsWith('pg.query'))).toBe(true)
    const join = spansOf('viatra-chat-gateway').find(({ name }) => name === 'join_conversation')
    expect(join?.attributes).toContainEqual({ key: 'chat.request_id', value: { stringValue: ack.request_id } })
    const children = spansOf('viatra-chat-gateway').filter(({ parentSpanId }) => parentSpanId === join?.spanId)
    expect(children.some(({ name }) => name.startsWith('pg.query'))).toBe(true)
  })
  const everything = receiver.received.map(({ body }) => body).join('\n')
  expect(everything).not.toContain(secretText)
  expect(everything).not.toContain(ann.token)
})

test('a fault goes to the endpoint of SENTRY_DSN, without what people wrote and without tokens', async () => {
  const api = await start('api', { SENTRY_DSN: `http://public@127.0.0.1:${receiver.port}/7`, BUILD_REVISION: 'abc123' })
  const { ann, conversation } = await world.twoPeople()
  await world.database.query(`
    create function break_it() returns trigger language plpgsql as $$ begin raise exception 'cannot keep "%" of %', new.content, 'ann@clinic.example'; end $$;
    create trigger break_it before insert on messages for each row execute function break_it()`)
  const answer = await fetch(`${api.url}/api/v1/chat/conversations/${conversation.id}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ann.token}`, 'content-type': 'application/json', 'x-request-id': 'faulty-1' },
    body: JSON.stringify({ content: secretText }),
  })
  expect(answer.status).toBe(500)

  const { path, body } = await eventually(() => {
    const [first] = receiver.received
    if (!first) throw new Error('nothing was reported')
    return first
  })
  expect(path).toContain('/api/7/envelope/')
  const event = JSON.parse(body.split('\n')[2] ?? '') as SentryEvent
  expect(event).toMatchObject({ release: 'abc123', tags: { service: 'api', operation: 'send_message', requestId: 'faulty-1' } })
  const [exception] = event.exception.values
  expect(exception?.value).toBe('cannot keep "…" of [address]')
  expect(exception?.stacktrace.frames.some(({ filename }) => filename.includes('send-'))).toBe(true)
  for (const told of [secretText, ann.token, 'ann@clinic.example', ann.id]) expect(body).not.toContain(told)
})

test('a refusal and an outage are no faults: nothing is reported', async () => {
  const api = await start('api', {
    SENTRY_DSN: `http://public@127.0.0.1:${receiver.port}/7`,
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  })
  const { ann } = await world.people('Ann').then(([person]) => ({ ann: person }))
  const headers = { authorization: `Bearer ${ann.token}` }
  expect((await fetch(`${api.url}/api/v1/chat/conversations`, { headers })).status).toBe(503)
  expect((await fetch(`${api.url}/nowhere`, { headers })).status).toBe(404)
  // A stop sends whatever waits.
  cleanups.length = 0
  expect(await api.stop()).toBe(0)
  expect(receiver.received).toEqual([])
})

interface SentryEvent {
  release: string
  tags: Record<string, string>
  exception: { values: { value: string; stacktrace: { frames: { filename: string }[] } }[] }
}

interface OtelSpan {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  attributes: { key: string; value: { stringValue?: string } }[]
}

interface OtelExport {
  resourceSpans: { resource: { attributes: OtelSpan['attributes'] }; scopeSpans: { spans: OtelSpan[] }[] }[]
}

function spansOf(service: string): OtelSpan[] {
  const exported = receiver.received.filter(({ path }) => path === '/v1/traces').map(({ body }) => JSON.parse(body) as OtelExport)
  return exported
    .flatMap(({ resourceSpans }) => resourceSpans)
    .filter(({ resource }) => resource.attributes.some(({ key, value }) => key === 'service.name' && value.stringValue === service))
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
}

async function start(name: 'api' | 'gateway', env: Record<string, string> = {}) {
  const service = await spawnService(name, world, env)
  cleanups.push(() => service.stop())
  return service
}
