import { fillText, type Dialogue } from './dialogues.js'
import type { DemoPerson } from './people.js'
import { timeOrderedId, type Random } from './random.js'
import type { Scene, Turn } from './scenes.js'
import { attach, turnSentence, type Content } from './message-content.js'

/** A message with its place and time. Times in this folder are milliseconds since 1970. */
export interface ToldMessage extends Content {
  seq: number
  id: string
  senderId: string
  parentId: string | null
  at: number
  deletedAt: number | null
}

/** Messages that follow each other closely, and the ids of those who took part in the conversation then. */
export interface Exchange {
  present: readonly string[]
  messages: readonly ToldMessage[]
}

export interface ToldMember {
  userId: string
  role: 'owner' | 'moderator' | 'member'
  joinedSeq: number
  joinedAt: number
  leftAt: number | null
}

/** A conversation of the demo from its creation until now. */
export interface Story {
  scene: Scene
  createdAt: number
  /** Of metadata, members or roles. */
  changedAt: number
  exchanges: readonly Exchange[]
  members: readonly ToldMember[]
}

const spanMs = 35 * 24 * 3600_000
const deletedAfterMs = 12_000

/** Tells what was said in a conversation, the last of it `quietMin` before `now`. */
export function tellStory(scene: Scene, now: number, random: Random): Story {
  const members = new Map(scene.cast.map((person, i) => [person, firstMember(person, i === 0 ? 'owner' : 'member')]))
  const script = withTurns(scene, random)
  const times = spread(script, now - scene.quietMin * 60_000, random)
  const createdAt = (times[0]?.[0] ?? now) - 60_000
  for (const member of members.values()) member.joinedAt = createdAt
  const told: ToldMessage[] = []
  let changedAt = createdAt
  const exchanges = script.map((part, i): Exchange => {
    const at = times[i] ?? []
    if (!Array.isArray(part)) changedAt = at[0] ?? changedAt
    const editable = i < script.length - 2
    const messages = Array.isArray(part)
      ? say(part, at, { told, members, scene, random, editable })
      : [take(part, at[0] ?? now, { told, members, random })]
    return { present: present(members).map((person) => person.id), messages }
  })
  return { scene, createdAt, changedAt, exchanges, members: [...members.values()] }
}

type Members = Map<DemoPerson, ToldMember>
type Script = readonly (string[] | Turn)[]

function firstMember(person: DemoPerson, role: ToldMember['role']): ToldMember {
  return { userId: person.id, role, joinedSeq: 0, joinedAt: 0, leftAt: null }
}

const present = (members: Members) => [...members].filter(([, member]) => member.leftAt === null).map(([person]) => person)

function withTurns({ dialogues, exchanges, turns }: Scene, random: Random): Script {
  const script: (string[] | Turn)[] = []
  let last: Dialogue | undefined
  while (script.length < exchanges) {
    // Nobody says the same twice in a row.
    last = random.pick<Dialogue>(dialogues.filter((dialogue) => dialogue !== last))
    script.push([...last])
  }
  for (const turn of [...turns].reverse()) script.splice(Math.floor(turn.at * exchanges), 0, turn)
  return script
}

/** A time for every line: lines of one exchange follow within minutes, the pauses between exchanges fill the weeks. */
function spread(script: Script, end: number, random: Random): number[][] {
  const gaps = script.map((part) => (Array.isArray(part) ? part : [part]).map((_, i) => (i === 0 ? 0 : random.between(15_000, 150_000))))
  const pauses = gaps.map(() => 0.3 + random.fraction())
  const talking = gaps.flat().reduce((sum, gap) => sum + gap, 0)
  const pauseMs = (spanMs - talking) / pauses.reduce((sum, pause) => sum + pause, 0)
  let clock = end - spanMs
  return gaps.map((group, i) => {
    clock += Math.floor((pauses[i] ?? 1) * pauseMs)
    return group.map((gap) => (clock += gap))
  })
}

interface Telling {
  told: ToldMessage[]
  members: Members
  random: Random
}

function say(lines: string[], times: number[], telling: Telling & { scene: Scene; editable: boolean }): ToldMessage[] {
  const { told, random, editable } = telling
  const speakers = castOf(telling)
  return lines.map((line, i) => {
    const at = times[i] ?? 0
    const speaker = speakers['abc'.indexOf(line.charAt(0))] ?? random.pick(speakers)
    const content = attach(fillText(line.slice(2), random), random)
    const parents = told.slice(-5).filter((message) => message.messageType !== 'system')
    const parentId = parents.length > 0 && random.chance(0.1) ? random.pick(parents).id : null
    const deletedAt = editable && random.chance(0.012) ? at + deletedAfterMs : null
    return append(telling, { ...content, senderId: speaker.id, parentId, at, deletedAt })
  })
}

/** Who speaks as a, b and c: fixed in direct conversations, any of those present in groups, those who may post in channels. */
function castOf({ scene, members, random }: { scene: Scene; members: Members; random: Random }): DemoPerson[] {
  const here = present(members)
  if (scene.type === 'direct') return here
  const mayPost = scene.type === 'channel' ? here.filter((person) => members.get(person)?.role !== 'member') : here
  const first = random.between(0, mayPost.length - 1)
  return [...mayPost.slice(first), ...mayPost.slice(0, first)]
}

function take(turn: Turn, at: number, telling: Telling): ToldMessage {
  const { told, members } = telling
  if (turn.action === 'participants_added')
    members.set(turn.person, { ...firstMember(turn.person, 'member'), joinedSeq: told.length, joinedAt: at })
  if (turn.action === 'participant_left' || turn.action === 'participant_removed') amend(members, turn.person, { leftAt: at })
  if (turn.action === 'role_changed') amend(members, turn.person, { role: turn.role })
  return append(telling, { ...turnSentence(turn), senderId: turn.actor.id, parentId: null, at, deletedAt: null })
}

function amend(members: Members, person: DemoPerson, change: Partial<ToldMember>): void {
  const member = members.get(person)
  if (member) members.set(person, { ...member, ...change })
}

function append({ told, random }: Telling, message: Omit<ToldMessage, 'seq' | 'id'>): ToldMessage {
  const appended = { seq: told.length + 1, id: timeOrderedId(message.at, random), ...message }
  told.push(appended)
  return appended
}
