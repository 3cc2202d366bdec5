import { asChatError, type ChatError } from './chat-error.js'

/** One thing that went over the wire, for inspectors and logs of an application. Holds the contents of messages. */
export type TraceEntry =
  /** An event of the server. */
  | { kind: 'event'; name: string; payload: unknown }
  /** An event that was sent (`ask`) or a REST call (`call`), once it is answered: with `data`, or with what went wrong. */
  | { kind: 'ask' | 'call'; name: string; payload: unknown; tookMs: number; data?: unknown; error?: ChatError }

/** Is told of everything that goes over the wire. */
export type Trace = (entry: TraceEntry) => void

type Ask = (name: never, payload: never) => Promise<unknown>

/** The same door, telling what goes through it. */
export function traced<F extends Ask>(kind: 'ask' | 'call', ask: F, trace: Trace | undefined): F {
  if (!trace) return ask
  const tracing = async (name: never, payload: never) => {
    const startedAt = performance.now()
    const tell = (outcome: { data: unknown } | { error: ChatError }) =>
      trace({ kind, name, payload, tookMs: performance.now() - startedAt, ...outcome })
    try {
      const data = await ask(name, payload)
      tell({ data })
      return data
    } catch (error) {
      tell({ error: asChatError(error, 'INTERNAL') })
      throw error
    }
  }
  return tracing as F
}
