import type { Redis } from 'ioredis'

const pingIntervalMs = 5000

/**
 * The gateway's hearing: its subscription to what all processes publish. What is published while it is interrupted is lost, the removal of a
 * participant too. So after an interruption it is not trusted, and nothing that is heard is passed on, until the rooms have been proved again.
 *
 *   trusted ──connection lost──► interrupted ──subscribed again──► unproved ──trust()──► trusted
 */
export class Subscription {
  readonly #subscriber: Redis
  readonly #pinger: NodeJS.Timeout
  #epoch = 0
  #isTrusted = true
  #unansweredPings = 0
  #onRestored: () => void = () => undefined

  constructor(subscriber: Redis) {
    this.#subscriber = subscriber
    this.#pinger = setInterval(() => this.#ping(), pingIntervalMs)
    subscriber.on('close', () => {
      this.#isTrusted = false
      this.#epoch++
    })
    subscriber.on('ready', () => void this.#confirm().catch(() => undefined))
  }

  /** Changes whenever something may have been missed: what was read from the database under another one may be outdated unheard. */
  get epoch(): number {
    return this.#epoch
  }

  get isTrusted(): boolean {
    return this.#isTrusted
  }

  /** Calls when everything is heard again, though not trusted yet. */
  onRestored(call: () => void): void {
    this.#onRestored = call
  }

  /** The rooms have been proved since it was restored. */
  trust(): void {
    this.#isTrusted = true
  }

  stop(): void {
    clearInterval(this.#pinger)
    this.#onRestored = () => undefined
  }

  // The client subscribes again before anything else, and Redis answers in order: after this answer everything is heard.
  async #confirm(): Promise<void> {
    const before = this.#epoch
    this.#unansweredPings = 0
    await this.#subscriber.ping()
    if (this.#epoch !== before) return
    this.#epoch++
    this.#onRestored()
  }

  // A network that swallows packets ends no connection, and whoever only listens would never know. Two, since a process
  // that was held up itself comes here before it reads the answer that has long been there.
  #ping(): void {
    if (this.#subscriber.status !== 'ready') return
    if (this.#unansweredPings >= 2) return this.#subscriber.disconnect(true)
    this.#unansweredPings++
    this.#subscriber.ping().then(
      () => (this.#unansweredPings = 0),
      () => undefined,
    )
  }
}
