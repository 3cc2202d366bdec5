import type { Conversation, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { asJson, type JsonText } from '../json-text.js'
import { readPresence, type PresenceState } from '../presence/read-presence.js'
import type { StoredConversation } from './load-conversations.js'

// Nothing in JSON is a NUL: even in what people write it is escaped.
const gap = '\0'

/**
 * Conversations as they are kept: the people shown, then JSON with a gap for the presence of each. So a page that was kept is not parsed, and no
 * more is written anew than who is online.
 */
export function writeWithGaps(conversations: readonly StoredConversation[]): Buffer {
  const people = conversations.flatMap(({ participants }) => participants.map(({ id }) => id))
  return Buffer.from(`${people.join(' ')}${gap}[${conversations.map(writeOne).join(',')}]`)
}

function writeOne({ participants, last_message, unread_count, ...shared }: StoredConversation): string {
  const shown = participants.map((participant) => `${openEnded(participant)},${gap}}`)
  return `${openEnded(shared)},"participants":[${shown.join(',')}],${JSON.stringify({ last_message, unread_count }).slice(1)}`
}

const openEnded = (object: object) => JSON.stringify(object).slice(0, -1)

/** The conversations with who is online now. */
export async function fillGaps(chat: Chat, kept: Buffer): Promise<JsonText<Conversation[]>> {
  // A character for each byte: what is only cut and joined need not be decoded.
  const [ids = '', begin = '', ...rest] = kept.toString('latin1').split(gap)
  const people = ids === '' ? [] : (ids.split(' ') as UserId[])
  const presence = await readPresence(chat, people)
  const written = new Map([...presence].map(([id, state]) => [id, writePresence(state)]))
  const filled = rest.map((text, i) => `${written.get(people[i] as UserId) ?? offline}${text}`)
  return asJson(Buffer.from(`${begin}${filled.join('')}`, 'latin1'))
}

// The names are those of a participant.
const writePresence = ({ isOnline, lastSeen }: PresenceState) => `"is_online":${isOnline},"last_seen":${JSON.stringify(lastSeen)}`
const offline = writePresence({ isOnline: false, lastSeen: null })
