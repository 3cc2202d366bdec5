import { announcements, consultations, roundsTalk, type Dialogue } from './dialogues.js'
import { demoPeople, people, type DemoPerson } from './people.js'

/** A change of a group or channel, told by a system message. */
export type Turn = {
  /** When in the conversation's life; 0 is its beginning, 1 now. */
  at: number
  actor: DemoPerson
} & (
  | { action: 'participants_added' | 'participant_removed' | 'participant_left'; person: DemoPerson }
  | { action: 'role_changed'; person: DemoPerson; role: 'moderator' | 'member' }
  | { action: 'metadata_changed'; name: string }
)

/** What a conversation of the demo is made from. */
export interface Scene {
  /** Fixed, as are the ids of people. */
  id: string
  type: 'direct' | 'group' | 'channel'
  metadata: Record<string, unknown>
  /** Who takes part from the beginning; the first one created it. */
  cast: readonly DemoPerson[]
  turns: readonly Turn[]
  dialogues: readonly Dialogue[]
  /** How many exchanges there were. */
  exchanges: number
  /** Minutes since its last message. */
  quietMin: number
}

const { anna, jonas, priya, mateo, elena, samuel, yuki, grace, lukas, sofia, tom, nadia } = people

const nurses: Scene = {
  ...scene(101, 'group', [grace, lukas, sofia, nadia], { name: 'Nursing', description: 'Shifts, handovers and everything else' }),
  dialogues: roundsTalk,
  exchanges: 125,
  quietMin: 4,
  turns: [
    { at: 0.1, action: 'role_changed', actor: grace, person: lukas, role: 'moderator' },
    { at: 0.15, action: 'participants_added', actor: lukas, person: tom },
    { at: 0.4, action: 'metadata_changed', actor: grace, name: 'Nursing' },
    { at: 0.7, action: 'participant_left', actor: nadia, person: nadia },
  ],
}

const careTeam: Scene = {
  ...scene(102, 'group', [elena, grace, samuel, yuki], { name: 'Care team cardiology' }),
  dialogues: roundsTalk,
  exchanges: 50,
  quietMin: 55,
  turns: [
    { at: 0.2, action: 'participants_added', actor: elena, person: tom },
    { at: 0.5, action: 'participants_added', actor: elena, person: sofia },
    { at: 0.8, action: 'participant_removed', actor: elena, person: tom },
  ],
}

const notices: Scene = {
  ...scene(103, 'channel', [nadia, ...demoPeople.filter((person) => person !== nadia)], {
    name: 'Announcements',
    description: 'News of the clinic for patients and staff',
  }),
  dialogues: announcements,
  exchanges: 45,
  quietMin: 130,
  turns: [{ at: 0.05, action: 'role_changed', actor: nadia, person: elena, role: 'moderator' }],
}

const consulting = [
  [anna, elena],
  [anna, samuel],
  [jonas, elena],
  [jonas, yuki],
  [priya, samuel],
  [priya, yuki],
  [mateo, elena],
  [mateo, yuki],
] as const

const colleagues = [
  [elena, samuel],
  [grace, lukas],
  [elena, nadia],
  [nadia, yuki],
] as const

/** Everything that is talked about at the demo clinic. */
export const scenes: readonly Scene[] = [
  nurses,
  careTeam,
  notices,
  ...consulting.map((pair, i) => ({ ...scene(111 + i, 'direct', pair), dialogues: consultations, exchanges: 76, quietMin: 2 + 37 * i })),
  ...colleagues.map((pair, i) => ({ ...scene(131 + i, 'direct', pair), dialogues: roundsTalk, exchanges: 20, quietMin: 20 + 300 * i })),
]

function scene(n: number, type: Scene['type'], cast: readonly DemoPerson[], metadata: Record<string, unknown> = {}) {
  return { id: `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`, type, cast, metadata, turns: [] }
}
