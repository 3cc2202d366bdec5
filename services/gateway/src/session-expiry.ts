import { Refusal } from '@viatra-chat/chat'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { endSession } from './session-end.js'

// Tokens end at whole seconds, and the look at all of them does so, too; who asks for something later is refused by their own look.
const lookMs = 250

/**
 * A socket lives no longer than its token. All are looked at four times a second: timers would be a quarter of a KiB for each idle connection,
 * since each ends at a time of its own.
 */
export function watchExpiry(gateway: Gateway): { stop(): void } {
  let timer: NodeJS.Timeout
  function look(): void {
    for (const connection of gateway.connections.values()) endIfExpired(connection)
    plan()
  }
  // Timers may be early by a part of a millisecond.
  function plan(): void {
    timer = setTimeout(look, lookMs - (Date.now() % lookMs) + 1)
  }
  plan()
  return { stop: () => clearTimeout(timer) }
}

/** Ends a connection whose token has ended; true if it has. */
export function endIfExpired({ socket, session }: Connection): boolean {
  if (session.expiresAt.getTime() > Date.now()) return false
  endSession(socket, new Refusal('TOKEN_EXPIRED'))
  return true
}
