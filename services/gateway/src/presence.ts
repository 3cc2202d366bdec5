import {
  announceGone,
  announceOffline,
  announceOnline,
  beatGateway,
  endLeases,
  leaseBatchMax,
  leaveGateways,
  listLeased,
  sweepGateways,
  takeLeases,
  type Chat,
} from '@viatra-chat/chat'
import type { UserId } from '@viatra-chat/contract'
import type { GatewaySocket } from './socket-types.js'

/** Keeps Redis and the others told about who is connected here. Redis is asked only when a person's first socket comes or the last has been gone. */
export interface Presence {
  /** The socket has joined the rooms of its person's conversations. */
  connected(socket: GatewaySocket, userId: UserId): void
  /** The socket is about to leave its rooms. Says nothing of a socket that was never reported as connected. */
  disconnected(socket: GatewaySocket, userId: UserId): void
  /** Somebody who may be in the grace period must not be announced to this room any more. */
  forgetRoom(userId: UserId, room: string): void
  /** Hands the people over: whoever does not reconnect elsewhere within the grace goes offline. Rejects while Redis is away. */
  stop(): Promise<void>
}

export interface PresenceOptions {
  chat: Chat
  gatewayId: string
  graceMs: number
}

/** One person: connected (sockets, no timer) or in the grace period (no sockets, a timer). In both the gateway holds their lease. */
interface Held {
  sockets: Map<string, GatewaySocket>
  graceTimer?: NodeJS.Timeout
  /** Where the end is to be announced: the rooms at the time of the last disconnect. */
  roomsLeft: Set<string>
}

const beatIntervalMs = 5000
const sweepIntervalMs = 1000
// After an outage of Redis all leases have lapsed; the others get this long to renew theirs before anybody is called dead.
const settleMs = 10_000
// Each beat renews a share of the people, so that everyone is renewed every two minutes; their keys live five.
const beatsPerRenewal = 24

export function startPresence({ chat, gatewayId, graceMs }: PresenceOptions): Presence {
  const { redis, log } = chat
  const held = new Map<UserId, Held>()
  let renewalQueue: UserId[] = []
  let sweepFrom = 0
  let isSweeping = false
  let isStopped = false

  function connected(socket: GatewaySocket, userId: UserId): void {
    const known = held.get(userId)
    const person = known ?? { sockets: new Map<string, GatewaySocket>(), roomsLeft: new Set<string>() }
    clearTimeout(person.graceTimer)
    person.sockets.set(socket.id, socket)
    held.set(userId, person)
    if (!known) void attempt(() => take([userId]))
  }

  function disconnected(socket: GatewaySocket, userId: UserId): void {
    const person = held.get(userId)
    if (!person?.sockets.delete(socket.id) || person.sockets.size > 0 || isStopped) return
    const lastSeen = new Date().toISOString()
    person.roomsLeft = new Set(participantsRoomsOf(socket))
    person.graceTimer = setTimeout(() => void attempt(() => end(userId, lastSeen)), graceMs)
  }

  async function take(userIds: readonly UserId[]): Promise<void> {
    for (const userId of await takeLeases(redis, gatewayId, userIds)) {
      const [socket] = held.get(userId)?.sockets.values() ?? []
      if (socket) announceOnline(chat, userId, participantsRoomsOf(socket))
    }
  }

  async function end(userId: UserId, lastSeen: string): Promise<void> {
    const rooms = held.get(userId)?.roomsLeft ?? []
    held.delete(userId)
    const went = await endLeases(redis, gatewayId, [userId], { lastSeen })
    if (went?.length) announceOffline(chat, userId, lastSeen, [...rooms])
  }

  /** Whatever fails here is put right by the next heartbeat that succeeds. */
  async function attempt(step: () => Promise<void>): Promise<void> {
    await step().catch((error: unknown) => log.debug({ err: error }, 'presence could not be written'))
  }

  async function beat(): Promise<void> {
    const expected = held.size
    const { kept, people } = await beatGateway(redis, gatewayId).catch((error: unknown) => {
      sweepFrom = Infinity
      throw error
    })
    if (sweepFrom === Infinity) sweepFrom = Date.now() + settleMs
    if (!kept || people !== expected) return reconcile()
    await renewSome()
  }

  /** Redis and this gateway disagree: a command was lost, Redis was emptied, or this process was held up and taken for dead. */
  async function reconcile(): Promise<void> {
    const leased = await listLeased(redis, gatewayId)
    const gone = leased.filter((userId) => !held.has(userId))
    for (const some of batches(gone)) await endForgotten(some)
    for (const some of batches([...held.keys()])) await take(some)
  }

  async function endForgotten(userIds: readonly UserId[]): Promise<void> {
    const lastSeen = new Date().toISOString()
    const went = await endLeases(redis, gatewayId, userIds, { lastSeen })
    await announceGone(chat, went ?? [], lastSeen)
  }

  async function renewSome(): Promise<void> {
    if (renewalQueue.length === 0) renewalQueue = [...held.keys()]
    const share = renewalQueue.splice(0, Math.max(1, Math.ceil(held.size / beatsPerRenewal)))
    for (const some of batches(share.filter((userId) => held.has(userId)))) await take(some)
  }

  function sweep(): void {
    if (isSweeping || Date.now() < sweepFrom) return
    isSweeping = true
    void attempt(() => sweepGateways(chat)).finally(() => (isSweeping = false))
  }

  const beatNow = () => void attempt(beat)
  if (redis.status === 'ready') beatNow()
  // At the start, and after an outage: the sooner everybody is back in Redis the better.
  redis.on('ready', beatNow)
  const timers = [setInterval(beatNow, beatIntervalMs), setInterval(sweep, sweepIntervalMs)]

  return {
    connected,
    disconnected,
    forgetRoom: (userId, room) => void held.get(userId)?.roomsLeft.delete(room),
    async stop() {
      isStopped = true
      redis.off('ready', beatNow)
      for (const timer of timers) clearInterval(timer)
      for (const person of held.values()) clearTimeout(person.graceTimer)
      await leaveGateways(redis, gatewayId, graceMs)
    },
  }
}

const participantsRoomsOf = (socket: GatewaySocket) => [...socket.rooms].filter((room) => room.startsWith('participants:'))

function batches(userIds: readonly UserId[]): UserId[][] {
  const count = Math.ceil(userIds.length / leaseBatchMax)
  return Array.from({ length: count }, (_, i) => userIds.slice(i * leaseBatchMax, (i + 1) * leaseBatchMax))
}
