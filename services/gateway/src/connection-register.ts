import { changeConnections, connectionChangesMax, type Chat, type ConnectionChange } from '@viatra-chat/chat'
import type { UserId } from '@viatra-chat/contract'
import type { GatewaySocket } from './socket-types.js'

export interface ConnectionRegisterOptions {
  chat: Chat
  gatewayId: string
  /** Of one person over all gateways. */
  connectionsMax: number
}

const checkMs = 5000
// Each check says a share of the people anew, so that everybody is within two minutes; what Redis knows lives five.
const checksPerRenewal = 24
// What is lost beyond is put right by the renewal.
const waitingMax = 100_000

interface OpenConnection {
  readonly connectionId: string
  /** Finer than a clock's, since several may be opened in one ms. */
  readonly openedAtMs: number
}

/**
 * Keeps Redis told about the connections here, so that those of one person are bounded over all gateways. Nobody waits for it: whoever is one
 * too many is ended a moment later, and while Redis is away each gateway bounds its own.
 */
export class ConnectionRegister {
  readonly #options: ConnectionRegisterOptions
  readonly #open = new Map<UserId, OpenConnection[]>()
  readonly #timer: NodeJS.Timeout
  readonly #onReady = () => this.#renewAll()
  #waiting: ConnectionChange[] = []
  #writing: Promise<void> | undefined
  #renewalQueue: UserId[] = []

  constructor(options: ConnectionRegisterOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#check(), checkMs)
    // Redis may have been emptied.
    options.chat.redis.on('ready', this.#onReady)
  }

  opened(socket: GatewaySocket, userId: UserId): void {
    const connection = { connectionId: socket.id, openedAtMs: performance.timeOrigin + performance.now() }
    const others = this.#open.get(userId)
    // A list that is copied into has room for more; that of most people is one long.
    this.#open.set(userId, others ? [...others, connection] : [connection])
    this.#say({ kind: 'add', userId, ...connection })
  }

  closed(socket: GatewaySocket, userId: UserId): void {
    const open = this.#open.get(userId) ?? []
    const others = open.filter(({ connectionId }) => connectionId !== socket.id)
    if (others.length === open.length) return
    if (others.length > 0) this.#open.set(userId, others)
    else this.#open.delete(userId)
    this.#say({ kind: 'remove', userId, connectionId: socket.id })
  }

  /** Tells what is still to be told, if Redis is there. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#options.chat.redis.off('ready', this.#onReady)
    await this.#writing
  }

  #say(...changes: ConnectionChange[]): void {
    if (this.#waiting.length < waitingMax) this.#waiting.push(...changes)
    this.#writing ??= this.#write()
  }

  /** One script after the other, so that no change overtakes an earlier one; what comes within a turn of the event loop goes together. */
  async #write(): Promise<void> {
    await new Promise(setImmediate)
    const { chat, gatewayId, connectionsMax } = this.#options
    try {
      while (this.#waiting.length > 0) {
        const ended = await changeConnections(chat.redis, { gatewayId, connectionsMax }, this.#waiting.slice(0, connectionChangesMax))
        this.#waiting.splice(0, connectionChangesMax)
        if (ended.length > 0) chat.events.connectionsEnded(ended)
      }
    } catch (error) {
      // Redis is away: it waits for the next change or check. Or it has answered, as when somebody else wrote a key of ours: asking again would give the same.
      if (error instanceof Error && error.name === 'ReplyError') this.#waiting.splice(0, connectionChangesMax)
      chat.log.debug({ err: error }, 'connections could not be counted')
    } finally {
      this.#writing = undefined
    }
  }

  #check(): void {
    if (this.#renewalQueue.length === 0) this.#renewalQueue = [...this.#open.keys()]
    this.#renew(this.#renewalQueue.splice(0, Math.max(1, Math.ceil(this.#open.size / checksPerRenewal))))
  }

  #renewAll(): void {
    this.#renew([...this.#open.keys()])
  }

  #renew(userIds: readonly UserId[]): void {
    this.#say(
      ...userIds.flatMap((userId): ConnectionChange[] => [
        { kind: 'forget', userId },
        ...(this.#open.get(userId) ?? []).map((connection) => ({ kind: 'add', userId, ...connection }) as const),
      ]),
    )
  }
}
