import { countJoined, forgetJoined, noteJoined, replaceJoined, type Chat, type JoinedPerson } from '@viatra-chat/chat'
import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { GatewayServer } from './socket-types.js'

const roomPrefix = 'conversation:'
const checkMs = 5000

/**
 * Keeps Redis told about who has joined which conversation here, so that who decides on pushes knows who is looking. What fails
 * is put right by the next check; a gateway that died no longer counts, by its lease.
 */
export class JoinedPeople {
  readonly #chat: Chat
  readonly #gatewayId: string
  readonly #io: GatewayServer
  /** How many sockets of a person are in a conversation's room, by `{conversation id} {user id}`. */
  readonly #sockets = new Map<string, number>()
  #joined = new Set<string>()
  #left = new Set<string>()
  #writing: Promise<void> = Promise.resolve()
  #isPlanned = false
  readonly #timer: NodeJS.Timeout

  constructor({ chat, gatewayId, io }: { chat: Chat; gatewayId: string; io: GatewayServer }) {
    this.#chat = chat
    this.#gatewayId = gatewayId
    this.#io = io
    const { adapter } = io.of('/')
    adapter.on('join-room', (room: string, socketId: string) => this.#count(room, socketId, 1))
    adapter.on('leave-room', (room: string, socketId: string) => this.#count(room, socketId, -1))
    this.#timer = setInterval(() => this.#write(() => this.#check()), checkMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#write(() => forgetJoined(this.#chat.redis, this.#gatewayId))
    await this.#writing
  }

  #count(room: string, socketId: string, change: 1 | -1): void {
    const userId = room.startsWith(roomPrefix) ? this.#io.of('/').sockets.get(socketId)?.data.session.actor.userId : undefined
    if (!userId) return
    const key = `${room.slice(roomPrefix.length)} ${userId}`
    const count = (this.#sockets.get(key) ?? 0) + change
    if (count > 0) this.#sockets.set(key, count)
    else this.#sockets.delete(key)
    if (count === 1 && change === 1) this.#note(key, this.#joined, this.#left)
    if (count === 0) this.#note(key, this.#left, this.#joined)
  }

  /** Changes of one turn of the event loop go together. */
  #note(key: string, to: Set<string>, from: Set<string>): void {
    from.delete(key)
    to.add(key)
    if (this.#isPlanned) return
    this.#isPlanned = true
    queueMicrotask(() => this.#write(() => this.#flush()))
  }

  async #flush(): Promise<void> {
    this.#isPlanned = false
    const changes = { joined: [...this.#joined].map(personOf), left: [...this.#left].map(personOf) }
    this.#joined = new Set()
    this.#left = new Set()
    await noteJoined(this.#chat.redis, this.#gatewayId, changes)
  }

  async #check(): Promise<void> {
    if ((await countJoined(this.#chat.redis, this.#gatewayId)) === this.#sockets.size) return
    await replaceJoined(this.#chat.redis, this.#gatewayId, [...this.#sockets.keys()].map(personOf))
  }

  /** One after the other: a later change must not overtake an earlier one. */
  #write(step: () => Promise<void>): void {
    this.#writing = this.#writing
      .then(step)
      .catch((error: unknown) => this.#chat.log.debug({ err: error }, 'who has joined could not be written'))
  }
}

function personOf(key: string): JoinedPerson {
  const [conversationId, userId] = key.split(' ')
  return { conversationId: conversationId as ConversationId, userId: userId as UserId }
}
