import type { DemoPerson } from './people.js'
import type { Random } from './random.js'
import type { Turn } from './scenes.js'

/** What a message says. */
export interface Content {
  messageType: 'text' | 'image' | 'file' | 'system'
  content: string | null
  metadata: Record<string, unknown>
}

const files = [
  { messageType: 'image', name: 'photo.jpg', caption: null },
  { messageType: 'image', name: 'wound.jpg', caption: 'This is how it looks today.' },
  { messageType: 'image', name: 'whiteboard.png', caption: null },
  { messageType: 'file', name: 'lab-report.pdf', caption: 'The report' },
  { messageType: 'file', name: 'diary.xlsx', caption: null },
  { messageType: 'file', name: 'letter.pdf', caption: 'For your files' },
] as const

/** The text, or now and then a picture or file in its place. */
export function attach(text: string, random: Random): Content {
  if (!random.chance(0.05)) return { messageType: 'text', content: text, metadata: {} }
  const { messageType, name, caption } = random.pick(files)
  const folder = random.between(10_000, 99_999)
  const attachment_url = `https://files.clinic.example/${folder}/${name}`
  return { messageType, content: caption, metadata: { attachment_url, file_name: name, file_size: random.between(20_000, 4_000_000) } }
}

/** The system message of a change, worded as the domain does. */
export function turnSentence(turn: Turn): Content {
  const userIds = turn.action === 'metadata_changed' ? [] : [turn.person.id]
  return { messageType: 'system', content: sentence(turn), metadata: { action: turn.action, actor_id: turn.actor.id, user_ids: userIds } }
}

function sentence(turn: Turn): string {
  const actor = fullName(turn.actor)
  switch (turn.action) {
    case 'participants_added':
      return `${actor} added ${fullName(turn.person)}`
    case 'participant_removed':
      return `${actor} removed ${fullName(turn.person)}`
    case 'participant_left':
      return `${actor} left`
    case 'role_changed':
      return `${actor} made ${fullName(turn.person)} a ${turn.role}`
    case 'metadata_changed':
      return `${actor} renamed the conversation to “${turn.name}”`
    default:
      return turn satisfies never
  }
}

const fullName = (person: DemoPerson) => `${person.first_name} ${person.last_name}`
