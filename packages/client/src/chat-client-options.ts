import type { PendingSend } from './send-queue.js'
import type { Trace } from './trace.js'

/** What outlives the process, if the application wants it. */
export interface KeptState {
  /** Messages that were not acknowledged. */
  queue: readonly PendingSend[]
  /** Where the last sync ended. */
  syncToken: string | undefined
}

/** Keeps the state of one person on one device. */
export interface ChatStorage {
  /** Called once, before the first connection. undefined: nothing is kept yet. */
  load(): Promise<KeptState | undefined> | KeptState | undefined
  /** Called after changes, one call at a time. */
  save(state: KeptState): Promise<void> | void
}

/** How a client is made. */
export interface ChatClientOptions {
  /** The origin of the product: `https://chat.example.org`. */
  url: string
  /** The origin of the sockets, where it is another one. */
  socketUrl?: string
  /** Gives an access token. Called for each connection, before the token expires, and when the server does not take it any more. */
  getToken: () => Promise<string> | string
  /** Default `['websocket']`; the server must offer what is named. */
  transports?: ('websocket' | 'polling')[]
  /** Most messages that wait for their acknowledgement; beyond it `sent` rejects with QUEUE_FULL. Default 500. */
  queueMax?: number
  /** Where the queue and the place of the sync outlive the process. Without it they do not. */
  storage?: ChatStorage
  /** After this time without an answer a message is sent again. Default 10,000. */
  ackTimeoutMs?: number
  /** Tells the server that messages have arrived here, in batches. Default true. */
  autoDeliver?: boolean
  /** Between two checks that nothing was missed while connected, within which the sync token stays young. 0: none. Default 600,000. */
  syncEveryMs?: number
  /** Bounds of the wait between two attempts to connect; it doubles and is random. Default 500 and 15,000. */
  backOff?: { firstMs: number; maxMs: number }
  /** One line about what goes wrong and heals by itself. Holds no content of messages. */
  log?: (line: string) => void
  /** Everything that goes over the wire, with contents: for an inspector during development. */
  trace?: Trace
}
