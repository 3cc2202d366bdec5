import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../random.js'
import { changeUntilAcknowledged, type ConversationChange } from './change-until-acknowledged.js'
import type { Population } from './population.js'

const pauseMs = 200
const shares = { membership: 0.5, role: 0.2 }
const turns = new WeakMap<Population, number>()

/**
 * In one conversation people come and go and are given roles, while two change what it is about, at once and each their own part of it. The others
 * are renamed now and then: with the next change what was missed is known again, so some must wait long for it.
 */
export async function keepChanging(population: Population, random: Random, signal: AbortSignal): Promise<void> {
  const { moderator } = population.changing
  const repeat = async (next: () => Promise<void>) => {
    while (!signal.aborted) {
      await next()
      await delay(pauseMs * (0.5 + random.next()))
    }
  }
  await Promise.all([
    repeat(() => changeAsOwner(population, random)),
    repeat(() => changeMetadata(population, moderator, 'moderator')),
    repeat(() => renameAnother(population, random)),
  ])
}

async function renameAnother(population: Population, random: Random): Promise<void> {
  const { owners, changing } = population
  const [id, owner] = random.pick([...owners].filter(([conversationId]) => conversationId !== changing.conversationId))
  // Once: whether it came to be is what is stored.
  await owner.rest({
    method: 'PATCH',
    path: `/api/v1/chat/conversations/${id}`,
    body: { metadata: { name: `name ${nextTurn(population)}` } },
  })
}

async function changeAsOwner(population: Population, random: Random): Promise<void> {
  const { owner } = population.changing
  const decision = random.next()
  const person = random.pick([...population.changing.passersBy])
  if (decision < shares.membership) await (isThere(population, person) ? remove(population, person) : letIn(population, person))
  else if (decision < shares.membership + shares.role && isThere(population, person)) await changeRole(population, person)
  else await changeMetadata(population, owner, 'owner')
}

function isThere({ members, absentee, changing: { conversationId } }: Population, userId: string): boolean {
  if (userId === absentee.account.id) return absentee.since.has(conversationId)
  return members.get(conversationId)?.has(userId) === true
}

async function remove(population: Population, userId: string): Promise<void> {
  const { members, absentee, history, changing } = population
  const { conversationId } = changing
  members.get(conversationId)?.delete(userId)
  changing.moderators.delete(userId)
  if (userId === absentee.account.id) absentee.since.delete(conversationId)
  await change(population, {
    action: 'participant_removed',
    call: { method: 'DELETE', path: `${pathOf(population)}/participants/${userId}` },
  })
  history.removed(userId, conversationId)
}

async function letIn(population: Population, userId: string): Promise<void> {
  const { members, absentee, history, changing } = population
  const { conversationId } = changing
  history.letInAgain(userId, conversationId)
  history.addMembers(conversationId, [userId])
  const call = { method: 'POST' as const, path: `${pathOf(population)}/participants`, body: { participant_ids: [userId] } }
  await change(population, { action: 'participants_added', call })
  if (userId === absentee.account.id) absentee.since.set(conversationId, performance.now())
  else members.get(conversationId)?.add(userId)
}

async function changeRole(population: Population, userId: string): Promise<void> {
  const { moderators } = population.changing
  const participant_role = moderators.delete(userId) ? 'member' : 'moderator'
  if (participant_role === 'moderator') moderators.add(userId)
  const call = { method: 'PATCH' as const, path: `${pathOf(population)}/participants/${userId}`, body: { participant_role } }
  await change(population, { action: 'role_changed', call })
}

async function changeMetadata(population: Population, by: Population['changing']['owner'], part: string): Promise<void> {
  const turn = nextTurn(population)
  await changeUntilAcknowledged(by, population.history, {
    action: 'metadata_changed',
    call: { method: 'PATCH', path: pathOf(population), body: { metadata: { [`of_${part}`]: turn } } },
  })
}

function nextTurn(population: Population): number {
  const turn = (turns.get(population) ?? 0) + 1
  turns.set(population, turn)
  return turn
}

const change = ({ changing: { owner }, history }: Population, what: ConversationChange) => changeUntilAcknowledged(owner, history, what)
const pathOf = ({ changing: { conversationId } }: Population) => `/api/v1/chat/conversations/${conversationId}`
