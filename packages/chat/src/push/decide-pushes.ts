import type { UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Transaction } from 'kysely'
import type { Chat } from '../chat.js'
import { groupBy } from '../group-by.js'
import { areJoined } from '../presence/joined-people.js'
import {
  endIntents,
  leaseIntents,
  listCandidates,
  planSecondLooks,
  type Candidate,
  type PlaceToLookAt,
  type PushIntent,
  type SecondLook,
} from './push-intents.sql.js'
import { forgetTokensOfInactive, queuePushes } from './push-jobs.sql.js'
import { writePushLog, type PushOutcome } from './push-log.sql.js'
import { hasQuietHours } from './quiet-hours.js'

// Together, since what costs is the number of statements: one by one a worker decides on a quarter of what it can send.
const intentsAtOnce = 50
const leaseMs = 10_000
const peopleAtOnce = 2000

/**
 * Decides, late and person by person, who gets a push: from what is true now, not from what was when the message was sent.
 *
 *   first look ──nobody of theirs joined──► queued
 *              ──joined──► waiting ──second look: delivery not confirmed──► queued
 *
 * @returns whether there may be more.
 */
export async function decidePushes(chat: Chat): Promise<boolean> {
  const intents = await leaseIntents(chat.db, { limit: intentsAtOnce, leaseMs })
  if (intents.length > 0) await decideIntents(chat, intents)
  return intents.length === intentsAtOnce
}

/** About one message, or about some of its people. */
interface Verdict {
  place: PlaceToLookAt
  messageId: string
  sentAt: Date
  /** Who is to get a push, who is looked at again, and who gets none, with the reason. */
  people: Map<PushOutcome, UserId[]>
}

async function decideIntents(chat: Chat, intents: readonly PushIntent[]): Promise<void> {
  const verdicts = await judgePeople(chat, intents)
  await chat.db.transaction().execute(async (tx) => {
    const ended = await endIntents(
      tx,
      intents.map(({ id }) => id),
    )
    await note(
      tx,
      chat,
      verdicts.filter(({ place }) => ended.has(place.intentId)),
    )
  })
}

async function note(tx: Transaction<Tables>, { settings: { push } }: Chat, verdicts: readonly Verdict[]): Promise<void> {
  const log = verdicts.flatMap(({ messageId, people }) => [...people].map(([outcome, userIds]) => ({ messageId, outcome, userIds })))
  const looks = verdicts.map(({ place: { conversationId, seq }, people }): SecondLook => {
    return { place: [conversationId, seq], people: people.get('waiting') ?? [] }
  })
  await planSecondLooks(
    tx,
    looks.filter(({ people }) => people.length > 0),
    push.confirmMs,
  )
  const gaveWay = await queuePushes(
    tx,
    verdicts.map(({ place: { conversationId, seq }, messageId, sentAt, people }) => {
      const expiresAt = new Date(sentAt.getTime() + push.expiresMs)
      return { conversationId, seq, messageId, expiresAt, userIds: people.get('queued') ?? [] }
    }),
  )
  await forgetTokensOfInactive(
    tx,
    verdicts.flatMap(({ people }) => people.get('inactive') ?? []),
  )
  await writePushLog(tx, [
    ...log,
    ...gaveWay.map(({ message_id, user_id }) => ({ messageId: message_id, outcome: 'coalesced' as const, userIds: [user_id] })),
  ])
}

/** In pages, since a channel may have a hundred thousand people. */
async function judgePeople(chat: Chat, intents: readonly PushIntent[]): Promise<Verdict[]> {
  const { expiresMs } = chat.settings.push
  const verdicts: Verdict[] = []
  let places: PlaceToLookAt[] = intents.flatMap(({ id, messages, people }) =>
    messages.map(([conversationId, seq]) => ({ intentId: id, conversationId, seq, people, after: null })),
  )
  for (;;) {
    const page = await listCandidates(chat.db, places, { limit: peopleAtOnce, expiresMs })
    verdicts.push(...(await judge(chat, page, places)))
    const last = page.at(-1)
    if (!last || page.length < peopleAtOnce) return verdicts
    places = places.slice(last.place).map((place, n) => (n === 0 ? { ...place, after: last.user_id } : place))
  }
}

async function judge(chat: Chat, page: readonly Candidate[], places: readonly PlaceToLookAt[]): Promise<Verdict[]> {
  const isJoined = await whoJoined(chat, page)
  const outcomes = page.map((candidate, n) => {
    const isFirstLook = places[candidate.place]?.people === null
    return { candidate, outcome: outcomeOf(chat, candidate, { isFirstLook, isJoined: isFirstLook && isJoined(n) }) }
  })
  return [...groupBy(outcomes, ({ candidate }) => candidate.place)].flatMap(([n, ofPlace]) => {
    const [first, place] = [ofPlace[0]?.candidate, places[n]]
    if (!first || !place) return []
    const people = [...groupBy(ofPlace, ({ outcome }) => outcome)].map(
      ([outcome, some]) => [outcome, some.map(({ candidate }) => candidate.user_id)] as const,
    )
    return [{ place, messageId: first.message_id, sentAt: first.created_at, people: new Map(people) }]
  })
}

function outcomeOf(chat: Chat, candidate: Candidate, { isFirstLook, isJoined }: { isFirstLook: boolean; isJoined: boolean }): PushOutcome {
  const reason = reasonAgainst(chat, candidate, isFirstLook)
  if (reason !== undefined || !isJoined) return reason ?? 'queued'
  return chat.settings.push.confirmMs === 0 ? 'delivered' : 'waiting'
}

/** While Redis is away nobody knows: then whoever confirms delivery in time gets none. */
async function whoJoined(chat: Chat, page: readonly Candidate[]): Promise<(n: number) => boolean> {
  const people = page.map((candidate) => ({ conversationId: candidate.conversation_id, userId: candidate.user_id }))
  const joined = await areJoined(chat.redis, people).catch(() => people.map(() => true))
  return (n) => joined[n] ?? false
}

function reasonAgainst({ settings }: Chat, candidate: Candidate, isFirstLook: boolean): PushOutcome | undefined {
  if (candidate.is_expired) return 'expired'
  if (!candidate.is_active) return 'inactive'
  if (candidate.is_read) return 'read'
  // Online elsewhere, as on the list of conversations, a device may have it already and still has to show it.
  if (candidate.is_delivered && !isFirstLook) return 'delivered'
  if (candidate.is_muted && !(settings.push.mentionsPassMute && candidate.is_mentioned)) return 'muted'
  return hasQuietHours(candidate) ? 'quiet_hours' : undefined
}
