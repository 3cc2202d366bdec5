import { setTimeout as delay } from 'node:timers/promises'
import type { Server } from 'node:http'
import type { OpenChat } from '@viatra-chat/chat'
import type { Redis } from 'ioredis'
import type { Gateway } from './gateway.js'

export interface GatewayParts {
  gateway: Gateway
  chat: OpenChat
  httpServer: Server
  redis: readonly Redis[]
  watches: readonly { stop(): void }[]
  timeoutMs: number
}

// What is under way gets this share of the time; the rest is for closing.
const drainShare = 0.5

/** Stops in the order that loses nothing: let nobody in, refuse what is new, answer what is under way, let clients go elsewhere, close the stores. */
export async function stopGateway(parts: GatewayParts): Promise<void> {
  const { gateway, watches, redis, timeoutMs } = parts
  const late = new AbortController()
  gateway.isStopping = true
  for (const watch of watches) watch.stop()
  await Promise.race([closeInOrder(parts), delay(timeoutMs, undefined, { signal: late.signal, ref: false })])
  late.abort()
  for (const client of redis) client.disconnect()
}

async function closeInOrder({ gateway, chat, httpServer, timeoutMs }: GatewayParts): Promise<void> {
  httpServer.close()
  await drained(gateway, timeoutMs * drainShare)
  await gateway.presence.stop().catch((error: unknown) => gateway.log.warn({ err: error }, 'people could not be handed over'))
  // Closes transports without a goodbye, which is what makes clients reconnect by themselves.
  const closed = gateway.io.close()
  httpServer.closeAllConnections()
  await closed
  await chat.close()
}

async function drained(gateway: Gateway, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs
  while (gateway.inFlight > 0 && Date.now() < until) await delay(10)
}
