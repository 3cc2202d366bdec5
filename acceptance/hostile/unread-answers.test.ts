import type { Conversation } from '@viatra-chat/contract'
import { connect, spawnGateway, startWorld, type Connection, type Person, type SpawnedService, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readMetrics, sumOf } from '../operations/read-metrics.js'
import { openSession, type RawSocket } from './raw-socket.js'

// Somebody asks for answers without end and reads none of them. What they do not take must not pile up in everybody's gateway: it is a
// process of its own here, as in production, so that its memory is its own.

const megabyte = 1024 * 1024
/** Far below what is asked for. Most of it is what the process has not yet collected. */
const growthMaxBytes = 400 * megabyte
/** Who has less waiting than makes a connection slow, and still reads nothing, ends with its heartbeat. */
const heartbeats = { SOCKET_IO_PING_INTERVAL: '1000', SOCKET_IO_PING_TIMEOUT: '10000' }

let world: World
let gateway: SpawnedService
let metricsUrl: string
let people: readonly Person[]
let conversation: Conversation
let witness: Connection
beforeAll(async () => {
  world = await startWorld({ gateways: 0 })
  gateway = await spawnGateway(world, { METRICS_PORT: '0', RATE_LIMIT_MULTIPLIER: '1', ...heartbeats })
  const { metricsPort } = await gateway.says((line) => typeof line['metricsPort'] === 'number')
  metricsUrl = `http://127.0.0.1:${String(metricsPort)}/metrics`
  people = await world.people('Ann', 'Bob', 'Cid', 'Dan')
  conversation = await creator().create({ type: 'group', participant_ids: people.slice(1).map(({ id }) => id) })
  witness = await connect(gateway.url, { token: (await world.person('Witness')).token })
})
afterAll(async () => {
  witness.close()
  await gateway.stop()
  await world.close()
})

function creator(): Person {
  const [first] = people
  if (!first) throw new Error('there is nobody')
  return first
}

/** Sends these packets, and reads nothing. */
async function askWithoutReading({ socket }: RawSocket, packets: readonly string[]): Promise<void> {
  socket.pause()
  for (const [n, packet] of packets.entries()) {
    socket.send(packet, () => undefined)
    if (n % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

const asks = (count: number, event: string, payload: unknown, id: (n: number) => number) =>
  Array.from({ length: count }, (_, n) => `42${id(n)}${JSON.stringify([event, payload])}`)

/** By how much the gateway's memory grew at most until it had ended everybody but the witness, who was answered all along. */
async function attack(packets: readonly string[]): Promise<number> {
  const before = sumOf(await readMetrics(metricsUrl), 'process_resident_memory_bytes')
  const attackers = await Promise.all(people.map(({ token }) => openSession(gateway.url, token)))
  const attacks = Promise.all(attackers.map((raw) => askWithoutReading(raw, packets)))
  let [peak, open] = [before, attackers.length]
  while (open > 0) {
    const samples = await readMetrics(metricsUrl)
    peak = Math.max(peak, sumOf(samples, 'process_resident_memory_bytes'))
    open = sumOf(samples, 'chat_gateway_connections') - 1
  }
  await attacks
  await witness.settled()
  for (const raw of attackers) {
    raw.socket.resume()
    await raw.closed()
  }
  return peak - before
}

test.each<[what: string, event: string, id: (n: number) => number]>([
  ['acknowledgements without end', 'join_conversation', (n) => n],
  ['them under one id again and again', 'join_conversation', () => 7],
  ['them of events that nobody knows', 'x', (n) => n],
])('whoever asks for %s and reads none is ended, and costs no memory', { timeout: 90_000 }, async (_, event, id) => {
  expect(await attack(asks(20_000, event, { conversationId: conversation.id }, id))).toBeLessThan(growthMaxBytes)
})

test('whoever asks for all there is, over and over, and reads none of it is ended, and costs no memory', { timeout: 120_000 }, async () => {
  const { data } = await creator().rest<{ next: string }>('GET', '/api/v1/chat/sync')
  const wide = '\u{1f600}'.repeat(5000)
  const metadata = { large: 'x'.repeat(16_000) }
  for (let n = 0; n < 500; n += 25) await Promise.all(Array.from({ length: 25 }, () => creator().send(conversation, wide, { metadata })))
  // What is there is 18 MB; sixty of a hundred are answered, to four people.
  expect(await attack(asks(100, 'sync', { since: data.next, limit: 500 }, (n) => n))).toBeLessThan(growthMaxBytes)
})
