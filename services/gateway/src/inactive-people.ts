import { Refusal } from '@viatra-chat/chat'
import type { Gateway } from './gateway.js'
import { connectionsOf } from './rooms.js'
import { endSession } from './session-end.js'

// Deactivation must show within 5 s; a handshake may still pass for 2 s on what was read before.
const checkIntervalMs = 2000

/**
 * Ends the sockets of people who are deactivated or deleted while connected, and takes their rights from administrators who are none any more:
 * a query each time, whatever the number of people.
 */
export function watchInactivePeople(gateway: Gateway): { stop(): void } {
  let isChecking = false
  const timer = setInterval(() => {
    if (isChecking) return
    isChecking = true
    void Promise.all([endInactive(gateway), demote(gateway)]).finally(() => (isChecking = false))
  }, checkIntervalMs)
  return { stop: () => clearInterval(timer) }
}

async function endInactive(gateway: Gateway): Promise<void> {
  try {
    const people = new Set([...gateway.connections.values()].map((connection) => connection.session.actor.userId))
    if (people.size === 0) return
    for (const userId of await gateway.chat.authenticator.findInactive([...people])) {
      for (const { socket } of connectionsOf(gateway, userId)) endSession(socket, new Refusal('USER_INACTIVE'))
    }
  } catch (error) {
    gateway.log.warn({ err: error }, 'whether people are active could not be checked')
  }
}

/** A session is opened with the role of that moment, and may last for days. */
async function demote(gateway: Gateway): Promise<void> {
  try {
    const administrators = [...gateway.connections.values()].filter((connection) => connection.session.actor.isAdmin)
    if (administrators.length === 0) return
    const people = administrators.map((connection) => connection.session.actor.userId)
    const still = new Set(await gateway.chat.authenticator.findAdministrators([...new Set(people)]))
    for (const connection of administrators) {
      const { session } = connection
      if (!still.has(session.actor.userId)) connection.session = { ...session, actor: { ...session.actor, isAdmin: false } }
    }
  } catch (error) {
    gateway.log.warn({ err: error }, 'whether administrators still are could not be checked')
  }
}
