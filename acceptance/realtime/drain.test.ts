import { once } from 'node:events'
import { connect as connectTcp, createServer, type AddressInfo, type Server, type Socket as TcpSocket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Conversation, Message, SyncPage } from '@viatra-chat/contract'
import { type RunningGateway } from '@viatra-chat/gateway'
import { eventually, startWorld, type Ack, type Person, type World } from '@viatra-chat/testkit'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'

const drainMs = 2500
let world: World
let doomed: RunningGateway
let front: Server
beforeAll(async () => {
  world = await startWorld()
  doomed = await world.startGateway({ gatewayDrainMs: drainMs })
  front = createServer((client) => forward(client, [doomed.port, Number(new URL(world.gateways[0] ?? '').port)]))
  await once(front.listen(0, '127.0.0.1'), 'listening')
})
afterAll(async () => {
  front.close()
  await world.close()
})

test(
  'a gateway that stops sends its clients elsewhere, not all at once, and nothing is lost or stored twice',
  { timeout: 40_000 },
  async () => {
    const people = await Promise.all(Array.from({ length: 20 }, (_, n) => world.person(`P${n}`)))
    const [owner] = people
    if (!owner) throw new Error('nobody is there')
    const group = await owner.create({ type: 'group', participant_ids: people.map(({ id }) => id) })
    const clients = await Promise.all(people.map((who) => openClient(who, group)))
    const streams = clients.map((client) => client.stream())
    await delay(300)

    const stoppedAt = performance.now()
    await doomed.stop()
    expect(performance.now() - stoppedAt).toBeLessThan(drainMs + 1000)
    await eventually(() => expect(clients.every(({ socket }) => socket.connected)).toBe(true))
    for (const client of clients) client.isDone = true
    const acknowledged = (await Promise.all(streams)).flat()

    const closings = clients.map(({ closings }) => closings.map(({ reason }) => reason))
    expect(closings).toEqual(clients.map(() => ['transport close']))
    const times = clients.flatMap(({ closings }) => closings.map(({ at }) => at)).sort((a, b) => a - b)
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(500)
    const most = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 100).length))
    expect(most).toBeLessThanOrEqual(8)

    expect(acknowledged.length).toBeGreaterThan(40)
    const { rows } = await world.database.query<{ id: string }>('select id from messages where conversation_id = $1', [group.id])
    expect(rows.map(({ id }) => id).sort()).toEqual([...acknowledged].sort())
    for (const client of clients) {
      await client.sync()
      expect(client.seen.size).toBe(acknowledged.length)
    }
    for (const { socket } of clients) socket.close()
  },
)

test('one without clients stops at once', async () => {
  const gateway = await world.startGateway({ gatewayDrainMs: 5000 })
  const from = performance.now()
  await gateway.stop()
  expect(performance.now() - from).toBeLessThan(1000)
})

interface Client {
  readonly socket: Socket
  readonly closings: { at: number; reason: string }[]
  /** Ids of messages heard or synced. */
  readonly seen: Set<string>
  isDone: boolean
  /** Sends, one after the other and each until it is acknowledged; the ids. */
  stream(): Promise<string[]>
  sync(): Promise<void>
}

/** An app as it should be: reconnects, joins again, and sends again under the same id what was not acknowledged. */
async function openClient(who: Person, group: Conversation): Promise<Client> {
  let since = (await who.rest<SyncPage>('GET', '/api/v1/chat/sync')).data.next
  const { port } = front.address() as AddressInfo
  const socket = io(`http://127.0.0.1:${port}`, {
    auth: { token: who.token },
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 100,
    reconnectionDelayMax: 500,
  })
  const conversationId = group.id
  socket.on('connect', () => void socket.emit('join_conversation', { conversationId }))
  const client: Client = { socket, closings: [], seen: new Set(), isDone: false, stream, sync }
  socket.on('disconnect', (reason) => client.closings.push({ at: performance.now(), reason }))
  socket.on('new_message', ({ id }: Message) => client.seen.add(id))

  async function send(n: number): Promise<string> {
    for (;;) {
      const message = { conversationId, content: `${n}`, client_message_id: `k${n}` }
      const ack = await (socket.timeout(1500).emitWithAck('send_message', message) as Promise<Ack>).catch(() => undefined)
      if (ack?.success) return String(ack.data?.id)
      await delay(50)
    }
  }
  async function stream(): Promise<string[]> {
    const ids: string[] = []
    for (let n = 0; !client.isDone; n++) {
      ids.push(await send(n))
      await delay(100)
    }
    return ids
  }
  async function sync(): Promise<void> {
    for (let hasMore = true; hasMore;) {
      const page = (await who.rest<SyncPage>('GET', `/api/v1/chat/sync?since=${encodeURIComponent(since)}`)).data
      expect(page.reset).toBe(false)
      for (const { id } of page.messages) client.seen.add(id)
      since = page.next
      hasMore = page.has_more
    }
  }

  await eventually(() => expect(socket.connected).toBe(true))
  return client
}

/** What stands in front: the first that listens. */
function forward(client: TcpSocket, [port, ...others]: number[]): void {
  if (port === undefined) return void client.destroy()
  const upstream = connectTcp(port, '127.0.0.1')
  upstream.once('error', () => forward(client, others))
  upstream.once('connect', () => {
    upstream.removeAllListeners('error').on('error', () => client.destroy())
    client
      .on('error', () => upstream.destroy())
      .pipe(upstream)
      .pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
}
