import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { areJoined } from '../presence/joined-people.js'
import { endIntent, leaseIntents, listCandidates, planSecondLook, type Candidate, type PushIntent } from './push-intents.sql.js'
import { queuePush } from './push-jobs.sql.js'
import { writePushLog, type PushLogEntry, type PushOutcome } from './push-log.sql.js'
import { isQuiet } from './quiet-hours.js'

const intentsAtOnce = 20
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
  for (const intent of intents) await decideIntent(chat, intent)
  return intents.length === intentsAtOnce
}

interface Verdict {
  place: [ConversationId, number]
  messageId: string
  sentAt: Date
  /** Who is to get a push, who is looked at again, and who gets none, with the reason. */
  people: Map<PushOutcome, UserId[]>
}

async function decideIntent(chat: Chat, intent: PushIntent): Promise<void> {
  const verdicts: Verdict[] = []
  for (const place of intent.messages) verdicts.push(...(await judgePeople(chat, intent, place)))
  await chat.db.transaction().execute(async (tx) => {
    if (!(await endIntent(tx, intent.id))) return
    const log: PushLogEntry[] = []
    for (const { place, messageId, sentAt, people } of verdicts) {
      for (const [outcome, userIds] of people) log.push({ messageId, outcome, userIds })
      const waiting = people.get('waiting') ?? []
      if (waiting.length > 0) await planSecondLook(tx, place, waiting, chat.settings.push.confirmMs)
      const expiresAt = new Date(sentAt.getTime() + chat.settings.push.expiresMs)
      const queued = { conversationId: place[0], seq: place[1], messageId, expiresAt, userIds: people.get('queued') ?? [] }
      if (queued.userIds.length === 0) continue
      for (const gone of await queuePush(tx, queued))
        log.push({ messageId: gone.message_id, outcome: 'coalesced', userIds: [gone.user_id] })
    }
    await writePushLog(tx, log)
  })
}

/** In pages, since a channel may have a hundred thousand people. */
async function judgePeople(chat: Chat, { people }: PushIntent, place: [ConversationId, number]): Promise<Verdict[]> {
  const { expiresMs } = chat.settings.push
  const verdicts: Verdict[] = []
  let after: UserId | null = null
  for (;;) {
    const page: Candidate[] = await listCandidates(chat.db, place, { people, after, limit: peopleAtOnce, expiresMs })
    const [first] = page
    if (first)
      verdicts.push({ place, messageId: first.message_id, sentAt: first.created_at, people: await judge(chat, page, people === null) })
    if (page.length < peopleAtOnce) return verdicts
    after = page.at(-1)?.user_id ?? null
  }
}

async function judge(chat: Chat, page: readonly Candidate[], isFirstLook: boolean): Promise<Map<PushOutcome, UserId[]>> {
  const isJoined = isFirstLook ? await whoJoined(chat, page) : () => false
  const people = new Map<PushOutcome, UserId[]>()
  page.forEach((candidate, n) => {
    const outcome = reasonAgainst(chat, candidate, isFirstLook) ?? (isJoined(n) ? 'waiting' : 'queued')
    if (outcome === 'waiting' && chat.settings.push.confirmMs === 0)
      people.set('delivered', [...(people.get('delivered') ?? []), candidate.user_id])
    else people.set(outcome, [...(people.get(outcome) ?? []), candidate.user_id])
  })
  return people
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
  return isInQuietHours(candidate) ? 'quiet_hours' : undefined
}

function isInQuietHours({ quiet_from, quiet_to, time_zone }: Candidate): boolean {
  if (quiet_from === null || quiet_to === null || time_zone === null) return false
  return isQuiet({ fromMinute: quiet_from, toMinute: quiet_to, timeZone: time_zone }, new Date())
}
