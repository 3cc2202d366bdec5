import { eventually, joinFrom, startWorld, type World } from '@viatra-chat/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readMetrics, sumOf, type Sample } from './read-metrics.js'

let world: World
beforeEach(async () => {
  world = await startWorld({ env: { METRICS_PORT: '0', RATE_LIMIT_MULTIPLIER: '1' } })
})
afterEach(() => world.close())

test('a message leaves its trace: operation, batch, event, end-to-end delivery, acknowledgement', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const listening = await joinFrom(bob, conversation)
  const writing = await joinFrom(ann, conversation)
  await ann.send(conversation, 'over REST')
  await writing.get('send_message', { conversationId: conversation.id, message_type: 'text', content: 'over the socket' })
  await eventually(() => expect(listening.seen('new_message')).toHaveLength(2))

  const [api = [], gateway = []] = await scrape()
  for (const page of [api, gateway]) {
    expect(sumOf(page, 'chat_operations_total', { operation: 'send_message', outcome: 'ok' })).toBe(1)
    expect(sumOf(page, 'chat_operation_duration_seconds_count', { operation: 'send_message' })).toBe(1)
    expect(sumOf(page, 'chat_messages_stored_total')).toBe(1)
    expect(sumOf(page, 'chat_send_batch_messages_count')).toBe(1)
    expect(sumOf(page, 'chat_db_query_duration_seconds_count', { statement: 'store-batch' })).toBe(1)
    expect(sumOf(page, 'chat_events_published_total', { event: 'new_message' })).toBe(1)
    expect(sumOf(page, 'chat_redis_up', { purpose: 'publisher' })).toBe(1)
    expect(sumOf(page, 'chat_build_info')).toBe(1)
    expect(sumOf(page, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0)
    expect(sumOf(page, 'nodejs_heap_size_used_bytes')).toBeGreaterThan(0)
  }
  expect(sumOf(api, 'chat_api_request_duration_seconds_count', { method: 'POST', status: '201' })).toBe(2)
  expect(sumOf(gateway, 'chat_gateway_events_heard_total', { event: 'new_message' })).toBe(2)
  expect(sumOf(gateway, 'chat_delivery_duration_seconds_count')).toBe(2)
  expect(sumOf(gateway, 'chat_gateway_ack_duration_seconds_count', { operation: 'send_message' })).toBe(1)
  expect(sumOf(gateway, 'chat_gateway_connections')).toBe(2)
  expect(sumOf(gateway, 'chat_gateway_people_online')).toBe(2)
  expect(sumOf(gateway, 'chat_gateway_rooms', { kind: 'conversation' })).toBe(1)
  expect(sumOf(gateway, 'chat_gateway_handshakes_total', { outcome: 'ok' })).toBe(2)
  expect(sumOf(gateway, 'chat_gateway_packets_sent_total')).toBeGreaterThanOrEqual(8)
})

test('refusals, used-up budgets, cache reads and the outbox are counted', async () => {
  const { ann, conversation } = await world.twoPeople()
  const eve = await world.person('Eve')
  await eve.rest('GET', `/api/v1/chat/conversations/${conversation.id}/messages`)
  for (let i = 0; i < 31; i++) await ann.rest('GET', '/api/v1/chat/conversations')
  await world.database.query(`insert into outbox (announcement, attempts) values ('{"kind":"messages","at":[]}', 3)`)

  const [api = []] = await scrape()
  expect(sumOf(api, 'chat_operations_total', { operation: 'list_messages', outcome: 'NOT_A_PARTICIPANT' })).toBe(1)
  expect(sumOf(api, 'chat_rate_limited_total', { operation: 'list_conversations' })).toBe(1)
  expect(sumOf(api, 'chat_cache_reads_total', { result: 'miss' })).toBeGreaterThan(0)
  expect(sumOf(api, 'chat_cache_reads_total', { result: 'hit' })).toBeGreaterThan(0)
  expect(sumOf(api, 'chat_outbox_stuck_rows')).toBe(1)
  expect(sumOf(api, 'chat_db_pool_connections_max')).toBe(5)
  expect(sumOf(api, 'chat_db_query_duration_seconds_count', { statement: 'select conversations' })).toBeGreaterThan(0)
})

test('no label tells who or where: a page has no id in it', async () => {
  const { ann, conversation } = await world.twoPeople()
  await ann.send(conversation, 'hello')
  await ann.rest('GET', `/unknown/${conversation.id}`)
  const pages = await Promise.all(world.metricsPages.map(async (url) => (await fetch(url)).text()))
  expect(pages).toHaveLength(2)
  for (const page of pages) expect(page).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/)
})

function scrape(): Promise<Sample[][]> {
  return Promise.all(world.metricsPages.map(readMetrics))
}
