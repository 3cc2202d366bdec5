import { setTimeout as pause } from 'node:timers/promises'
import type { UserId } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import { lastSeenKey, onlineKey } from '../presence/presence-keys.js'
import { forgetCachedPages } from './forget-cached-pages.js'
import {
  emptyMessages,
  findPerson,
  forgetName,
  isHeld,
  listConversationsOf,
  listPeopleOf,
  lockAndTouch,
  pseudonymise,
} from './privacy.sql.js'

export interface ErasureOptions {
  /** On which ground: kept in the audit log. */
  reason: string
  /** Empties what the person wrote as well; without it their texts stay, as the record of a treatment must, under a name that is none. */
  withMessages: boolean
}

export type Erasure =
  | { kind: 'erased'; conversations: number; messagesEmptied: number; sentencesChanged: number }
  | { kind: 'unknown_person' }
  | { kind: 'held' }

/**
 * Makes a person unrecognisable: profile, devices, last seen and the sentences that name them go, their id stays, and with it the thread of
 * what others wrote. Not while a hold is on the person. Leaves one row in the audit log. Needs the rights of the tables' owner.
 */
export async function erasePerson(at: Pick<Chat, 'db'> & { redis?: Redis }, userId: UserId, options: ErasureOptions): Promise<Erasure> {
  const conversationIds = await listConversationsOf(at.db, userId)
  const outcome = await at.db.transaction().execute(async (tx): Promise<Erasure> => {
    const person = await findPerson(tx, userId)
    if (!person) return { kind: 'unknown_person' }
    await lockAndTouch(tx, conversationIds)
    if (await isHeld(tx, userId)) return { kind: 'held' }
    await pseudonymise(tx, userId)
    const name = `${person.first_name} ${person.last_name}`.trim()
    const sentencesChanged = name === '' ? 0 : await forgetName(tx, userId, name, conversationIds)
    const messagesEmptied = options.withMessages ? await emptyMessages(tx, userId, conversationIds) : 0
    const counts = { conversations: conversationIds.length, messagesEmptied, sentencesChanged }
    await recordAudit(tx, { action: 'person_erased', subjectId: userId, reason: options.reason, details: counts })
    return { kind: 'erased', ...counts }
  })
  if (outcome.kind === 'erased' && at.redis)
    await forgetInRedis(at.redis, userId, [...conversationIds, ...(await listPeopleOf(at.db, conversationIds))])
  return outcome
}

async function forgetInRedis(redis: Redis, userId: UserId, ids: readonly string[]): Promise<void> {
  await forgetCachedPages(redis, ids)
  await untilOffline(redis, userId)
  await redis.unlink(lastSeenKey(userId))
}

// Gateways end the connections of somebody erased by themselves, and note when that was. A dead one's people are let go after 15 s.
const offlineWithinMs = 30_000

async function untilOffline(redis: Redis, userId: UserId): Promise<void> {
  const until = Date.now() + offlineWithinMs
  while (Date.now() < until && (await redis.exists(onlineKey(userId))) === 1) await pause(100)
}
