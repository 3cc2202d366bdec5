import type { Chat } from '../chat.js'
import { sweepGateways } from './sweep-gateways.js'

const sweepIntervalMs = 1000
// After an outage of Redis all leases have lapsed; gateways get this long to renew theirs before anybody is called dead.
const settleMs = 10_000

/**
 * Looks after the people of gateways that died, once a second. Every gateway and every API does it, so that even the last
 * gateway is missed when it dies.
 * @returns what stops it.
 */
export function startPresenceSweeper(chat: Chat): () => void {
  let sweepFrom = 0
  let isSweeping = false

  async function sweep(): Promise<void> {
    if (isSweeping) return
    isSweeping = true
    try {
      if (Date.now() < sweepFrom) await chat.redis.ping()
      else await sweepGateways(chat)
    } catch (error) {
      chat.log.debug({ err: error }, 'presence could not be swept')
      sweepFrom = Date.now() + settleMs
    } finally {
      isSweeping = false
    }
  }

  const timer = setInterval(() => void sweep(), sweepIntervalMs)
  return () => clearInterval(timer)
}
