import { conversationRoom, listConversationIdsByPerson, participantsRoom, peoplePerQuery } from '@viatra-chat/chat'
import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { removeFrom } from './rooms.js'

/**
 * Compares the rooms of connections with the memberships that are stored, and puts them right: a signal can have been lost. Rejects when the
 * database cannot be asked.
 * @returns the connections that were wrong.
 */
export async function proveRooms(gateway: Gateway, connections: readonly Connection[]): Promise<Connection[]> {
  // One that is still being opened asks for itself.
  const byPerson = groupByPerson(connections.filter((connection) => connection.isOpen))
  const people = [...byPerson.keys()]
  const wrong: Connection[] = []
  for (let i = 0; i < people.length; i += peoplePerQuery) {
    const asked = people.slice(i, i + peoplePerQuery)
    wrong.push(
      ...(await proveSome(
        gateway,
        asked.flatMap((userId) => byPerson.get(userId) ?? []),
      )),
    )
  }
  return wrong
}

async function proveSome(gateway: Gateway, connections: readonly Connection[]): Promise<Connection[]> {
  // Read before the question: a room that is joined while it is being answered was not asked about.
  const joined = new Map(connections.map((connection) => [connection, conversationsOf(connection)]))
  const mark = gateway.removals.mark()
  const memberships = await listConversationIdsByPerson(gateway.chat, [...new Set(connections.map(personOf))])
  return connections.filter((connection) => {
    const current = memberships.get(personOf(connection)) ?? new Set()
    const lost = [...(joined.get(connection) ?? [])].filter((id) => !current.has(id))
    for (const id of lost) removeFrom(gateway, connection, id)
    const missing = [...current].filter(
      (id) => isMissing(connection, id) && !gateway.removals.happenedSince(mark, id, personOf(connection)),
    )
    if (missing.length > 0 && connection.socket.connected) void connection.socket.join(missing.map(participantsRoom))
    return lost.length + missing.length > 0
  })
}

function groupByPerson(connections: readonly Connection[]): Map<UserId, Connection[]> {
  const byPerson = new Map<UserId, Connection[]>()
  for (const connection of connections) {
    const known = byPerson.get(personOf(connection))
    if (known) known.push(connection)
    else byPerson.set(personOf(connection), [connection])
  }
  return byPerson
}

const personOf = (connection: Connection) => connection.session.actor.userId
const isMissing = ({ socket }: Connection, id: ConversationId) => !socket.rooms.has(participantsRoom(id))
const prefixes = [conversationRoom, participantsRoom].map((room) => room('' as ConversationId))

function conversationsOf({ socket }: Connection): Set<ConversationId> {
  const ids = new Set<ConversationId>()
  for (const room of socket.rooms) {
    const prefix = prefixes.find((each) => room.startsWith(each))
    if (prefix !== undefined) ids.add(room.slice(prefix.length) as ConversationId)
  }
  return ids
}
