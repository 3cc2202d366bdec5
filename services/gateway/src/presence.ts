import {
  announceGone,
  announceOffline,
  announceOnline,
  beatGateway,
  endLeases,
  leaseBatchMax,
  LastSeenWriter,
  leaveGateways,
  listLeased,
  startPresenceSweeper,
  takeLeases,
  type Chat,
} from '@viatra-chat/chat'
import type { UserId } from '@viatra-chat/contract'
import type { GatewaySocket } from './socket-types.js'

export interface PresenceOptions {
  chat: Chat
  gatewayId: string
  /** How long after their last socket is gone people still count as online. */
  graceMs: number
}

/** One person: connected (sockets, no timer) or in the grace period (no sockets, a timer). In both the gateway holds their lease. */
interface Held {
  sockets: readonly GatewaySocket[]
  graceTimer?: NodeJS.Timeout
  /** Where the end is to be announced: the rooms at the time of the last disconnect. */
  roomsLeft?: Set<string>
}

const beatIntervalMs = 5000
// Each beat renews a share of the people, so that everyone is renewed every two minutes; their keys live five.
const beatsPerRenewal = 24

/**
 * Keeps Redis and the others told about who is connected here. Redis is asked only when a person's first socket comes and when the last
 * one has been gone for the grace period. What fails meanwhile is put right by the next heartbeat that succeeds.
 */
export class Presence {
  readonly #chat: Chat
  readonly #gatewayId: string
  readonly #graceMs: number
  readonly #held = new Map<UserId, Held>()
  readonly #heartbeat: NodeJS.Timeout
  readonly #stopSweeper: () => void
  readonly #lastSeen: LastSeenWriter
  #renewalQueue: UserId[] = []
  #isStopped = false

  constructor({ chat, gatewayId, graceMs }: PresenceOptions) {
    this.#chat = chat
    this.#gatewayId = gatewayId
    this.#graceMs = graceMs
    this.#lastSeen = new LastSeenWriter(chat)
    this.#heartbeat = setInterval(this.#beatNow, beatIntervalMs)
    this.#stopSweeper = startPresenceSweeper(chat)
    if (chat.redis.status === 'ready') this.#beatNow()
    // At the start, and after an outage: the sooner everybody is back in Redis the better.
    chat.redis.on('ready', this.#beatNow)
  }

  /** How many people have their lease here. */
  get people(): number {
    return this.#held.size
  }

  /** The socket has joined the rooms of its person's conversations. */
  connected(socket: GatewaySocket, userId: UserId): void {
    const known = this.#held.get(userId)
    const person: Held = known ?? { sockets: [] }
    clearTimeout(person.graceTimer)
    person.sockets = person.sockets.length > 0 ? [...person.sockets, socket] : [socket]
    this.#held.set(userId, person)
    if (!known) void this.#attempt(() => this.#take([userId]))
  }

  /** The socket is about to leave its rooms. Says nothing of a socket that was never reported as connected. */
  disconnected(socket: GatewaySocket, userId: UserId): void {
    const person = this.#held.get(userId)
    if (!person?.sockets.includes(socket)) return
    person.sockets = person.sockets.filter((other) => other !== socket)
    if (person.sockets.length > 0 || this.#isStopped) return
    const lastSeen = new Date().toISOString()
    person.roomsLeft = new Set(participantsRoomsOf(socket))
    person.graceTimer = setTimeout(() => void this.#attempt(() => this.#end(userId, lastSeen)), this.#graceMs)
  }

  /** Somebody who may be in the grace period must not be announced to this room any more. */
  forgetRoom(userId: UserId, room: string): void {
    this.#held.get(userId)?.roomsLeft?.delete(room)
  }

  /** Hands the people over: whoever does not reconnect elsewhere within the grace goes offline. Rejects while Redis is away. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#chat.redis.off('ready', this.#beatNow)
    clearInterval(this.#heartbeat)
    this.#stopSweeper()
    for (const person of this.#held.values()) clearTimeout(person.graceTimer)
    await this.#lastSeen.flush()
    await leaveGateways(this.#chat.redis, this.#gatewayId, this.#graceMs)
  }

  async #take(userIds: readonly UserId[]): Promise<void> {
    for (const userId of await takeLeases(this.#chat.redis, this.#gatewayId, userIds)) {
      const [socket] = this.#held.get(userId)?.sockets ?? []
      if (socket) announceOnline(this.#chat, userId, participantsRoomsOf(socket))
    }
  }

  async #end(userId: UserId, lastSeen: string): Promise<void> {
    const rooms = this.#held.get(userId)?.roomsLeft ?? []
    this.#held.delete(userId)
    // True whether or not another gateway still has them, and whether or not Redis is there to tell.
    this.#lastSeen.add(userId, lastSeen)
    const went = await endLeases(this.#chat.redis, this.#gatewayId, [userId], { lastSeen })
    if (went?.length) announceOffline(this.#chat, userId, lastSeen, [...rooms])
  }

  readonly #beatNow = (): void => void this.#attempt(() => this.#beat())

  async #beat(): Promise<void> {
    const expected = this.#held.size
    const { kept, people } = await beatGateway(this.#chat.redis, this.#gatewayId)
    if (kept && people === expected) await this.#renewSome()
    else await this.#reconcile()
  }

  async #renewSome(): Promise<void> {
    if (this.#renewalQueue.length === 0) this.#renewalQueue = [...this.#held.keys()]
    const share = this.#renewalQueue.splice(0, Math.max(1, Math.ceil(this.#held.size / beatsPerRenewal)))
    for (const some of batches(share)) await this.#takeHeld(some)
  }

  /** Redis and this gateway disagree: a command was lost, Redis was emptied, or this process was held up and taken for dead. */
  async #reconcile(): Promise<void> {
    const leased = await listLeased(this.#chat.redis, this.#gatewayId)
    for (const some of batches(leased.filter((userId) => !this.#held.has(userId)))) await this.#endForgotten(some)
    for (const some of batches([...this.#held.keys()])) await this.#takeHeld(some)
  }

  // Asked again just before: somebody may have gone while the batch before this one was under way.
  async #takeHeld(userIds: readonly UserId[]): Promise<void> {
    const held = userIds.filter((userId) => this.#held.has(userId))
    if (held.length > 0) await this.#take(held)
  }

  async #endForgotten(userIds: readonly UserId[]): Promise<void> {
    const lastSeen = new Date().toISOString()
    const forgotten = userIds.filter((userId) => !this.#held.has(userId))
    const went = await endLeases(this.#chat.redis, this.#gatewayId, forgotten, { lastSeen })
    await announceGone(this.#chat, went ?? [], lastSeen)
  }

  async #attempt(step: () => Promise<void>): Promise<void> {
    await step().catch((error: unknown) => this.#chat.log.debug({ err: error }, 'presence could not be written'))
  }
}

const participantsRoomsOf = (socket: GatewaySocket) => [...socket.rooms].filter((room) => room.startsWith('participants:'))

function batches(userIds: readonly UserId[]): UserId[][] {
  const count = Math.ceil(userIds.length / leaseBatchMax)
  return Array.from({ length: count }, (_, i) => userIds.slice(i * leaseBatchMax, (i + 1) * leaseBatchMax))
}
