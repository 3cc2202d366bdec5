import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { proveRooms } from './prove-rooms.js'
import { tellToSync } from './resync.js'

const sweepMs = 60_000
const tickMs = 1000

/** Proves the rooms of every connection once a minute, a share each second: so a signal that was lost unnoticed has its effect all the same. */
export function watchRooms(gateway: Gateway): { stop(): void } {
  const shares = createShares(sweepMs / tickMs)
  let isSweeping = false
  const timer = setInterval(() => {
    if (isSweeping || !gateway.subscription.isTrusted) return
    isSweeping = true
    void sweep(gateway, shares(gateway.connections)).finally(() => (isSweeping = false))
  }, tickMs)
  return { stop: () => clearInterval(timer) }
}

/** Deals out what a map holds in a number of shares, then begins again; what has gone meanwhile is left out. */
export function createShares(count: number) {
  let keys: string[] = []
  let shareSize = 0
  let dealt = count
  return <T>(from: ReadonlyMap<string, T>): T[] => {
    if (dealt >= count) {
      keys = [...from.keys()]
      shareSize = Math.ceil(keys.length / count)
      dealt = 0
    }
    dealt++
    return keys.splice(0, shareSize).flatMap((key) => from.get(key) ?? [])
  }
}

async function sweep(gateway: Gateway, share: readonly Connection[]): Promise<void> {
  try {
    const wrong = await proveRooms(gateway, share)
    for (const connection of wrong) tellToSync(gateway, connection, 'subscription_interrupted')
    if (wrong.length > 0) gateway.log.info({ sockets: wrong.length }, 'rooms that were wrong were put right')
  } catch (error) {
    gateway.log.warn({ err: error }, 'the rooms could not be proved')
  }
}
