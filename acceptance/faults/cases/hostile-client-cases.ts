import { connect as openTcp, type Socket as TcpSocket } from 'node:net'
import { operations, type Operation } from '@viatra-chat/contract'
import { connect, startTcpProxy, type Connection } from '@viatra-chat/testkit'
import type { ServiceProcess } from '../cluster/service-process.js'
import { requireSoon } from '../until.js'
import { requireTrue, type FaultCase, type Scene } from './fault-case.js'
import { pairOfStrangers, say, strangers, type Stranger } from './strangers.js'

/** Clients that flood, stall, send nonsense or come in numbers, while everybody else goes on. */
export const hostileClientCases: readonly FaultCase[] = [
  { id: 'F05', wholeRunOnly: true, title: 'somebody floods a gateway until it closes the connection', run: flood },
  { id: 'F06', wholeRunOnly: true, title: 'a client stops to read what it is sent', run: stopReading },
  { id: 'F07', wholeRunOnly: true, title: 'every event is sent to every gateway with nonsense', run: sendNonsense },
  { id: 'F08', wholeRunOnly: true, title: 'connections are spread over the gateways without stickiness', run: spreadConnections },
  { id: 'F19', wholeRunOnly: true, title: 'a client never acknowledges anything', run: requireNoAcknowledgements },
  { id: 'F83', wholeRunOnly: true, title: 'a gateway has no file descriptors left', run: exhaustDescriptors },
]

async function flood(scene: Scene): Promise<void> {
  // The others have limits far above the ordinary ones.
  const gateway = await scene.cluster.startOneMore('gateway', { env: { RATE_LIMIT_MULTIPLIER: '1' } })
  const { ann, bob, conversationId } = await pairOfStrangers(scene)
  const [flooder, neighbour] = await Promise.all([ann.connect(gateway.url), bob.connect(gateway.url)])
  const timer = setInterval(() => {
    for (let n = 0; n < 20; n++) flooder.socket.emit('typing_start', { conversationId })
  }, 20)
  try {
    const isClosed = async () => {
      requireTrue((await neighbour.ask('leave_conversation', { conversationId })).success, 'a neighbour of a flood was refused')
      return !flooder.socket.connected
    }
    await requireSoon(isClosed, 30_000, 'a flood was not ended')
  } finally {
    clearInterval(timer)
    await leave(gateway, flooder, neighbour)
  }
}

async function stopReading(scene: Scene): Promise<void> {
  const patient = { SOCKET_IO_PING_INTERVAL: '60000', SOCKET_IO_PING_TIMEOUT: '60000' }
  const gateway = await scene.cluster.startOneMore('gateway', { env: patient })
  const { ann, bob, conversationId } = await pairOfStrangers(scene)
  const [reader, stalled] = await Promise.all([ann.connect(gateway.url), bob.connect(gateway.url)])
  for (const connection of [reader, stalled]) await connection.get('join_conversation', { conversationId })
  lineOf(stalled).pause()
  const isShownOffline = () => reader.seen('user_offline').some(({ userId }) => userId === bob.id)
  const sent = await sayMuchUntil(ann, conversationId, isShownOffline)
  const hasHeard = () => sent.every((id) => reader.seen('new_message').some((message) => message.id === id))
  await requireSoon(hasHeard, 10_000, 'a neighbour of a client that does not read missed messages')
  lineOf(stalled).resume()
  await requireSoon(() => !stalled.socket.connected, 10_000, 'a client that did not read was not closed')
  await leave(gateway, reader)
}

async function sayMuchUntil(who: Stranger, conversationId: string, isEnough: () => boolean): Promise<string[]> {
  const sent: string[] = []
  const metadata = { large: 'x'.repeat(16_000) }
  const few = Array.from({ length: 20 })
  const sayFew = async () => {
    sent.push(...(await Promise.all(few.map(() => say(who, conversationId, 'much', { metadata })))).map(({ id }) => id))
    return isEnough()
  }
  await requireSoon(sayFew, 30_000, 'a client that does not read was kept')
  return sent
}

interface Line {
  pause(): void
  resume(): void
}

/** The TCP connection under a client's WebSocket. */
function lineOf({ socket }: Connection): Line {
  const { ws } = socket.io.engine.transport as { ws?: { _socket: Line } }
  if (!ws) throw new Error('there is no WebSocket')
  return ws._socket
}

const nonsense: readonly unknown[][] = [
  [],
  [null],
  [0],
  [''],
  [[]],
  [{}],
  [{ conversationId: () => undefined }],
  [{ conversationId: 'x' }, 2, 3],
  [Buffer.from([0xc1])],
  [{ conversationId: { $ne: null }, messageIds: { length: 3 }, token: [] }],
]

async function sendNonsense(scene: Scene): Promise<void> {
  const [somebody] = await strangers(scene, 1)
  if (!somebody) return
  const names = Object.entries<Operation>(operations).flatMap(([name, { socket }]) => (socket ? [name] : []))
  for (const { url } of scene.cluster.gateways) {
    const connection = await somebody.connect(url)
    for (const name of [...names, 'error', '__proto__', 'disconnect_all'])
      for (const args of nonsense) {
        connection.socket.emit(name, ...args)
        connection.socket.emit(name, ...args, () => undefined)
      }
    // A new one, since nonsense may end its own connection: what counts is that the gateway goes on.
    connection.close()
    const after = await somebody.connect(url)
    requireTrue((await after.ask('sync', {})).success, 'a gateway did not serve after nonsense')
    after.close()
  }
}

const connectionsOfSpread = 30

async function spreadConnections(scene: Scene): Promise<void> {
  let turn = 0
  const { gateways } = scene.cluster
  const next = { host: '127.0.0.1', get port() { return gateways[turn++ % gateways.length]?.port ?? 0 } } // prettier-ignore
  const balancer = await startTcpProxy(next)
  const url = `http://127.0.0.1:${balancer.port}`
  const [somebody] = await strangers(scene, 1)
  if (!somebody) return
  const connections = await Promise.all(Array.from({ length: connectionsOfSpread }, () => somebody.connect(url)))
  const acks = await Promise.all(connections.map((connection) => connection.ask('sync', {})))
  requireTrue(
    acks.every(({ success }) => success),
    'a connection without stickiness was not served',
  )
  const polling = await fetch(`${url}/socket.io/?EIO=4&transport=polling`)
  requireTrue(polling.status === 400 && (await polling.text()).includes('Transport unknown'), 'polling was not refused clearly')
  for (const connection of connections) connection.close()
  await balancer.close()
}

async function requireNoAcknowledgements(scene: Scene): Promise<void> {
  const { ann, bob, conversationId } = await pairOfStrangers(scene)
  const listener = await bob.connect()
  await listener.get('join_conversation', { conversationId })
  const { id } = await say(ann, conversationId, 'last')
  await requireSoon(() => listener.seen('new_message').some((message) => message.id === id), 10_000, 'a message was not heard')
  const asking = listener.heard.filter(({ args }) => args.some((arg) => typeof arg === 'function'))
  requireTrue(asking.length === 0, `a gateway waits for acknowledgements of ${asking.map(({ event }) => event).join(', ')}`)
  listener.close()
}

// Enough to load the program, which opens its files all at once.
const openFilesMax = 400

async function exhaustDescriptors(scene: Scene): Promise<void> {
  const gateway = await scene.cluster.startOneMore('gateway', { openFilesMax })
  const lines = Array.from({ length: openFilesMax * 2 }, () => openTcp({ host: '127.0.0.1', port: gateway.port }))
  for (const line of lines) line.on('error', () => undefined).resume()
  // What cannot be accepted is closed again.
  await requireSoon(() => lines.every(isSettled) && lines.some(isClosed), 20_000, 'the descriptors of a gateway did not run out')
  for (const line of lines) line.destroy()
  const [somebody] = await strangers(scene, 1)
  const isServing = async () => {
    const connection = await connect(gateway.url, { token: somebody?.token(60_000) }).catch(() => undefined)
    connection?.close()
    return connection !== undefined
  }
  await requireSoon(isServing, 20_000, 'a gateway did not serve after its descriptors had run out')
  await leave(gateway)
}

const isSettled = (line: TcpSocket) => !line.connecting
const isClosed = (line: TcpSocket) => line.destroyed

async function leave(gateway: ServiceProcess, ...connections: readonly Connection[]): Promise<void> {
  for (const connection of connections) connection.close()
  await gateway.stop()
  requireTrue(gateway.unexpectedEnds.length === 0, `C11 ${gateway.unexpectedEnds.join(', ')}`)
}
