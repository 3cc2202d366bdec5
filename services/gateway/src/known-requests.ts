import { connectionsEndedSignal, participantsRemovedSignal } from '@viatra-chat/chat'
import { isAudience, isObject, isTexts } from './audience.js'

// The adapters' numbers for what one process asks of the others.
const classic = { join: 2, leave: 3, disconnect: 4, serverSideEmit: 6 }
const sharded = { join: 4, leave: 5, disconnect: 6, serverSideEmit: 9 }

/**
 * Returns the message if the classic adapter may see it. The namespace's own events share a door with the signals, so only known signals pass.
 * @throws for everything else.
 */
export function requireKnownRequest(channel: unknown, message: unknown, onAddition: () => void): unknown {
  if (!String(channel).startsWith('socket.io-request#')) throw new Error('nobody here asks other gateways, so there is nothing to answer')
  const request: unknown = JSON.parse(String(message))
  if (!isObject(request)) throw new Error('a request must be an object')
  const { type, opts, rooms, data, requestId } = request
  if (type === classic.serverSideEmit) return requireKnownSignal(data, requestId) && message
  requireMove(classic, type, opts, rooms)
  if (type === classic.join) onAddition()
  return message
}

/** The same for the sharded adapter; gives the message as read. */
export function requireKnownShardedMessage(bytes: Buffer, onAddition: () => void): unknown {
  const message: unknown = JSON.parse(bytes.toString())
  if (!isObject(message) || !isObject(message['data'])) throw new Error('a message must be an object with data')
  const { type, data } = message
  if (type === sharded.serverSideEmit) return requireKnownSignal(data['packet'], data['requestId']) && message
  requireMove(sharded, type, data['opts'], data['rooms'])
  if (type === sharded.join) onAddition()
  return message
}

function requireKnownSignal(data: unknown, requestId: unknown): true {
  const [name, payload] = Array.isArray(data) && requestId === undefined ? (data as unknown[]) : []
  if (name === participantsRemovedSignal || (name === connectionsEndedSignal && isTexts(payload))) return true
  throw new Error('unknown signal')
}

function requireMove(numbers: typeof classic, type: unknown, audience: unknown, rooms: unknown): void {
  const moves = (type === numbers.join || type === numbers.leave) && isTexts(rooms)
  if (!isAudience(audience) || !(moves || type === numbers.disconnect)) throw new Error('unknown request')
}
