import type { Message, UserId } from '@viatra-chat/contract'
import type { WrittenMessage } from '../messages/written-message.js'
import type { EventFrame } from './event-frame.js'
import { conversationRoom, participantsRoom, userRoom } from './rooms.js'

/** What stands in place of a channel before a line of a batch that is a new message. */
export const newMessageMark = 'message'

/** A new message as gateways hear it. Most sockets hear one of the two, and nobody both. */
export interface HeardMessage {
  /** For the room. */
  message: EventFrame
  /** The rooms of list screens. */
  listScreens: readonly string[]
  /** For list screens of the participants who are not in the room. Made when it is asked for: often there is none. */
  activity(): EventFrame
}

// Nothing that JSON writes, and none of what stands before it, holds a tab.
const separator = '\t'

/** Writes a message once for the two events that it is: `id of the conversation ⇥ created_at ⇥ ids of people left out of the activity ⇥ {…}`. */
export function writeNewMessage({ message, json }: WrittenMessage, butNot: readonly UserId[]): string {
  return message.conversation_id + separator + message.created_at + separator + butNot.join() + separator + json
}

/** Undefined for what is not whole: it must not reach clients. The message is not looked into; every writer of ours made it by `JSON.stringify`. */
export function readNewMessage(line: string): HeardMessage | undefined {
  const parts = line.split(separator)
  const [conversationId, createdAt, butNot, json] = parts
  if (parts.length !== 4 || !isConversationId(conversationId) || createdAt === undefined || butNot === undefined) return undefined
  if (json?.startsWith('{"') !== true || !json.endsWith('}')) return undefined
  const listScreens = [participantsRoom(conversationId)]
  return {
    listScreens,
    message: { rooms: [conversationRoom(conversationId)], except: [], event: 'new_message', packet: `2["new_message",${json}]` },
    activity: () => ({
      rooms: listScreens,
      except: [conversationRoom(conversationId), ...(butNot === '' ? [] : (butNot.split(',') as UserId[]).map(userRoom))],
      event: 'conversation_activity',
      packet: `2["conversation_activity",{"conversationId":"${conversationId}","last_message":${json},"last_message_at":"${createdAt}"}]`,
    }),
  }
}

const isConversationId = (text: string | undefined): text is Message['conversation_id'] => text?.length === 36
