import type { Log } from '../chat.js'

const rememberedMax = 1000

/** Says each thing once, as far as its memory reaches: what is lost is read again and again. */
export class OnceLog {
  readonly #log: Log
  readonly #said = new Set<string>()

  constructor(log: Log) {
    this.#log = log
  }

  error(key: string, fields: object, message: string): void {
    if (this.#said.has(key)) return
    if (this.#said.size >= rememberedMax) this.#said.clear()
    this.#said.add(key)
    this.#log.error(fields, message)
  }
}
