import type { Log } from '@viatra-chat/chat'

export type Listener = (this: unknown, ...args: unknown[]) => unknown
export type Guard = (listener: Listener) => Listener

/** Lets a listener fail, now or later, without ending the process. A flood of bad messages makes one line a second. */
export function guardWith(log: Log): Guard {
  let loggedAt = 0
  function dropped(error: unknown): void {
    if (Date.now() - loggedAt < 1000) return
    loggedAt = Date.now()
    log.warn({ err: error }, 'a message between the gateways was dropped')
  }
  return (listener) =>
    function (...args) {
      try {
        const outcome = listener.apply(this, args)
        if (outcome instanceof Promise) outcome.catch(dropped)
      } catch (error) {
        dropped(error)
      }
    }
}
