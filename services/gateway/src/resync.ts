import { setTimeout as delay } from 'node:timers/promises'
import type { EventPayload } from '@viatra-chat/contract'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { proveRooms } from './prove-rooms.js'
import { watchStalls } from './stalls.js'

type Reason = EventPayload<'resync'>['reason']

const retryMs = 500
// Every sync costs the database some milliseconds, and the other gateways' clients were most likely interrupted as well.
const spreadPerSocketMs = 1
const spreadMsMax = 10_000

/**
 * Tells the clients to sync when events may have been missed: after the subscription was interrupted, and after the process was paused or
 * held up. The rooms are proved before, so that nobody hears on what they were removed from unheard.
 */
export function watchMissedEvents(gateway: Gateway): { stop(): void } {
  gateway.subscription.onRestored(() => void restoreTrust(gateway))
  const stalls = watchStalls((stalledMs) => {
    gateway.log.warn({ stalledMs }, 'this process was held up')
    void resyncStalled(gateway)
  })
  return {
    stop() {
      gateway.subscription.stop()
      stalls.stop()
    },
  }
}

/** Gives up when the subscription is interrupted again: what restores that one does it all. */
async function restoreTrust(gateway: Gateway): Promise<void> {
  const { subscription, connections, log } = gateway
  const { epoch } = subscription
  const isCurrent = () => subscription.epoch === epoch && gateway.phase !== 'closing'
  while (isCurrent() && !(await tryProving(gateway))) await delay(retryMs)
  if (!isCurrent()) return
  subscription.trust()
  if (connections.size > 0) log.info({ sockets: connections.size }, 'the subscription was interrupted; clients are told to sync')
  tellAll(gateway, 'subscription_interrupted')
}

async function resyncStalled(gateway: Gateway): Promise<void> {
  await tryProving(gateway)
  tellAll(gateway, 'stalled')
}

async function tryProving(gateway: Gateway): Promise<boolean> {
  try {
    await proveRooms(gateway, [...gateway.connections.values()])
    return true
  } catch (error) {
    gateway.log.warn({ err: error }, 'the rooms could not be proved')
    return false
  }
}

function tellAll(gateway: Gateway, reason: Reason): void {
  const spreadMs = Math.min(spreadMsMax, gateway.connections.size * spreadPerSocketMs)
  for (const connection of gateway.connections.values()) {
    setTimeout(tellToSync, Math.random() * spreadMs, gateway, connection, reason).unref()
  }
}

/** Tells one client that it may have missed something. */
export function tellToSync({ measures }: Gateway, { socket }: Connection, reason: Reason): void {
  measures.resyncs(1, { reason })
  socket.emit('resync', { reason })
}
