import { setTimeout as delay } from 'node:timers/promises'
import type { Server } from 'node:http'
import type { OpenChat } from '@viatra-chat/chat'
import type { Redis } from 'ioredis'
import { drainConnections } from './drain.js'
import type { Gateway } from './gateway.js'

export interface GatewayParts {
  gateway: Gateway
  chat: OpenChat
  httpServer: Server
  redis: readonly Redis[]
  watches: readonly { stop(): void | Promise<void> }[]
  /** Over how long clients are sent elsewhere; less than `timeoutMs`. */
  drainMs: number
  /** What has not come to an end by then is given up. */
  timeoutMs: number
}

// What is still under way after the drain gets this share of the rest of the time.
const answerShare = 0.5

/** Stops in the order that loses nothing: let nobody in, let clients go elsewhere, answer what is under way, close the stores. */
export async function stopGateway(parts: GatewayParts): Promise<void> {
  const { gateway, redis, timeoutMs } = parts
  const late = new AbortController()
  gateway.phase = 'draining'
  await Promise.race([closeInOrder(parts), delay(timeoutMs, undefined, { signal: late.signal, ref: false })])
  late.abort()
  gateway.phase = 'closing'
  stopWatches(parts)
  for (const client of redis) client.disconnect()
}

async function closeInOrder(parts: GatewayParts): Promise<void> {
  const { gateway, chat, httpServer, drainMs, timeoutMs } = parts
  // Nobody listens any more: whoever spreads the clients over the gateways goes to the next one at once.
  httpServer.close()
  await drainConnections(gateway, drainMs)
  gateway.phase = 'closing'
  stopWatches(parts)
  await answered(gateway, (timeoutMs - drainMs) * answerShare)
  await gateway.presence.stop().catch((error: unknown) => gateway.log.warn({ err: error }, 'people could not be handed over'))
  // Closes transports without a goodbye, which is what makes clients reconnect by themselves.
  const closed = gateway.io.close()
  httpServer.closeAllConnections()
  await closed
  await chat.close()
}

function stopWatches({ watches }: GatewayParts): void {
  for (const watch of watches) void watch.stop()
}

async function answered(gateway: Gateway, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs
  while (gateway.inFlight > 0 && Date.now() < until) await delay(10)
}
