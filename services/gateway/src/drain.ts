import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { closeForReconnect } from './session-end.js'

const tickMs = 50
// Whoever has a few clients need not take the whole time: no gateway minds one more in so long.
const distanceMsMax = 200

/**
 * Sends the clients elsewhere, in random order and evenly over the time, so that they do not all knock at the other gateways at once. Whoever
 * is still here is served; a connection ends once it has its answers. None take no time.
 */
export async function drainConnections(gateway: Gateway, drainMs: number): Promise<void> {
  const total = gateway.connections.size
  const startedAt = performance.now()
  while (gateway.connections.size > 0) {
    const passedMs = performance.now() - startedAt
    if (passedMs >= drainMs) return
    const staying = [...gateway.connections.values()].filter((connection) => !connection.isLeaving)
    const due = staying.length - stayingAt(total, passedMs / drainWindowMs(total, drainMs))
    for (const connection of pickRandom(staying, due)) leave(connection)
    await delay(Math.min(tickMs, drainMs - passedMs))
  }
}

/** In how long they are all to be on their way. */
export const drainWindowMs = (total: number, drainMs: number): number => Math.min(drainMs, total * distanceMsMax)

/** How many are still to be here when a part of the window, from 0 to 1, has passed. */
export const stayingAt = (total: number, passed: number): number => Math.round(total * Math.max(0, 1 - passed))

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
