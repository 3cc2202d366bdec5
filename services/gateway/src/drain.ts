import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { closeForReconnect } from './session-end.js'

const sliceMs = 50

/**
 * Sends the clients elsewhere, a random few at a time, so that they do not all knock at the other gateways at once. Whoever is still here is
 * served; a connection ends once it has its answers. A few connections take less than `drainMs`, none take no time.
 */
export async function drainConnections(gateway: Gateway, drainMs: number): Promise<void> {
  const until = performance.now() + drainMs
  while (gateway.connections.size > 0) {
    const leftMs = until - performance.now()
    if (leftMs <= 0) return
    const staying = [...gateway.connections.values()].filter((connection) => !connection.isLeaving)
    for (const connection of pickRandom(staying, Math.ceil((staying.length * sliceMs) / leftMs))) leave(connection)
    await delay(Math.min(sliceMs, leftMs))
  }
}

/** At most `count` of them, in random order. */
export function pickRandom<T>(items: readonly T[], count: number): T[] {
  const rest = [...items]
  const picked: T[] = []
  while (picked.length < count && rest.length > 0) {
    const [taken] = rest.splice(Math.floor(Math.random() * rest.length), 1)
    if (taken !== undefined) picked.push(taken)
  }
  return picked
}

function leave(connection: Connection): void {
  connection.isLeaving = true
  closeIfAnswered(connection)
}

/** Ends a connection that is to leave, unless an answer is still to come. */
export function closeIfAnswered({ socket, isLeaving, inFlight }: Connection): void {
  if (isLeaving && inFlight === 0) closeForReconnect(socket)
}
