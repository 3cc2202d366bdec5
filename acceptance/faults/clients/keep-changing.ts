import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../random.js'
import type { RestCall } from './ask-rest.js'
import type { Population } from './population.js'
import type { VirtualClient } from './virtual-client.js'

const pauseMs = 200
const retryMs = 100

/** Owners rename their conversations and change roles; in one of them somebody is removed and added again, over and over. */
export async function keepChanging(population: Population, random: Random, signal: AbortSignal): Promise<void> {
  const { owners, members, deviceOf, revolvingDoor } = population
  let renames = 0
  while (!signal.aborted) {
    const [conversationId, ownerId] = random.pick([...owners])
    const owner = deviceOf(ownerId)
    const others = [...(members.get(conversationId) ?? [])].filter((id) => id !== ownerId)
    const path = `/api/v1/chat/conversations/${conversationId}`
    await owner.rest({ method: 'PATCH', path, body: { metadata: { topic: `${owner.account.name} ${++renames}` } } })
    if (others.length > 1) {
      const participant_role = random.pick(['member', 'moderator'])
      await owner.rest({ method: 'PATCH', path: `${path}/participants/${random.pick(others)}`, body: { participant_role } })
    }
    await goThrough(population, revolvingDoor)
    await delay(pauseMs * (0.5 + random.next()))
  }
}

/** Removes whoever is in, adds whoever is out; again until that is acknowledged, so that it is known where they are. */
async function goThrough({ history, members, deviceOf }: Population, door: Population['revolvingDoor']): Promise<void> {
  const { conversationId, ownerId, userId } = door
  const owner = deviceOf(ownerId)
  const path = `/api/v1/chat/conversations/${conversationId}/participants`
  if (members.get(conversationId)?.delete(userId)) {
    await untilDone(owner, { method: 'DELETE', path: `${path}/${userId}` }, 'USER_NOT_FOUND')
    history.removals.push({ userId, conversationId, ackedAt: performance.now() })
  } else {
    const removal = history.lastRemovalOf(userId, conversationId)
    if (removal) removal.isOver = true
    await untilDone(owner, { method: 'POST', path, body: { participant_ids: [userId] } })
    members.get(conversationId)?.add(userId)
  }
}

/** @param doneAlready the code that a retry gets when the answer to an earlier try was lost. */
async function untilDone(client: VirtualClient, call: RestCall, doneAlready?: string): Promise<void> {
  for (;;) {
    const outcome = await client.rest(call)
    if (outcome.kind === 'answer' && (outcome.body.success || outcome.body.code === doneAlready)) return
    await delay(retryMs)
  }
}
