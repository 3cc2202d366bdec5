import type { Conversation, Message } from '@viatra-chat/contract'
import { checkCounts, checkReceipts } from '../checker/check-contents.js'
import { readEndState } from '../checker/end-state.js'
import { sendUntilAcknowledged } from '../clients/send-until-acknowledged.js'
import { requireTrue, someMembership, type FaultCase, type Scene } from './fault-case.js'
import { converse, pairOfStrangers, requireData, say, strangers, type Stranger } from './strangers.js'

/** Of what is read: lists, counters and receipts, cached or not, and rows that nobody of us wrote. */
export const readModelCases: readonly FaultCase[] = [
  {
    id: 'F37',
    wholeRunOnly: true,
    title: 'a message shows in the lists of all its participants at once',
    run: (scene) => requireFreshLists(scene),
  },
  {
    id: 'F38',
    title: 'lists are fresh although the APIs lost Redis while something was said',
    run: (scene) => requireFreshLists(scene, true),
  },
  { id: 'F53', wholeRunOnly: true, title: 'everybody marks one message as read many times at once', run: markAtOnce },
  {
    id: 'F56',
    wholeRunOnly: true,
    title: 'counters are right after sending, marking and deleting all at once',
    quiet: true,
    run: mixAndCount,
  },
  { id: 'F57', title: 'a row holds metadata nested 9,000 deep', run: readPoison },
  { id: 'F58', wholeRunOnly: true, title: 'the time of the last message never goes back', run: watchLastMessageAt },
  { id: 'F62', wholeRunOnly: true, title: 'people refer to what is deleted, elsewhere or never was', run: referToNothing },
]

const listPath = '/api/v1/chat/conversations?limit=50'

async function requireFreshLists(scene: Scene, losesRedis = false): Promise<void> {
  const [owner, ...others] = await strangers(scene, 5)
  if (!owner) return
  const conversationId = await converse(owner, others)
  const { apiRedis } = scene.cluster.edges
  for (let round = 0; round < 3; round++) {
    for (const member of others) await lastMessageOf(member, conversationId)
    if (losesRedis) apiRedis.mode('refuse')
    const { id } = await say(owner, conversationId, 'fresh').finally(() => apiRedis.mode('pass'))
    for (const member of [owner, ...others])
      requireTrue((await lastMessageOf(member, conversationId)) === id, 'C9 a list does not show the message that was just acknowledged')
  }
}

async function lastMessageOf(member: Stranger, conversationId: string): Promise<string | undefined> {
  const { conversations } = requireData<{ conversations: Conversation[] }>(await member.rest({ method: 'GET', path: listPath }))
  return conversations.find(({ id }) => id === conversationId)?.last_message?.id
}

async function markAtOnce(scene: Scene): Promise<void> {
  const [owner, ...others] = await strangers(scene, 6)
  if (!owner) return
  const conversationId = await converse(owner, others)
  const { id } = await say(owner, conversationId, 'read me')
  const path = `/api/v1/chat/conversations/${conversationId}/read`
  const marks = [...others, ...others, ...others, ...others].map((member) =>
    member.rest({ method: 'POST', path, body: { message_ids: [id] } }),
  )
  for (const body of await Promise.all(marks)) requireTrue(body.success, `a mark was refused: ${JSON.stringify(body)}`)
  const [message] = await historyOf(owner, conversationId)
  const expected = [owner, ...others].map((member) => member.id).sort()
  requireTrue(
    message?.read_by.toSorted().join() === expected.join(),
    `C8 ${message?.read_by.length} of ${expected.length} marks are stored`,
  )
}

async function historyOf(reader: Stranger, conversationId: string): Promise<Message[]> {
  const path = `/api/v1/chat/conversations/${conversationId}/messages`
  const { messages } = requireData<{ messages: Message[] }>(await reader.rest({ method: 'GET', path }))
  return messages.filter(({ message_type }) => message_type !== 'system')
}

async function mixAndCount(scene: Scene): Promise<void> {
  const { cluster, population, random } = scene
  const acts = Array.from({ length: 60 }, async () => {
    const { client, conversationId } = someMembership(scene)
    const { acked } = await sendUntilAcknowledged(client, { ...population, random, conversationId, turn: 0 })
    if (!acked) return
    const path = `/api/v1/chat/conversations/${conversationId}/read`
    const readers = population.clients.filter(({ account }) => population.members.get(conversationId)?.has(account.id))
    const mark = random.pick(readers).rest({ method: 'POST', path, body: { message_ids: [acked.id] } })
    const deletion = random.chance(0.3) ? client.rest({ method: 'DELETE', path: `/api/v1/chat/messages/${acked.id}` }) : undefined
    await Promise.all([mark, deletion])
  })
  await Promise.all(acts)
  // Devices confirm deliveries meanwhile.
  const readAt = performance.now()
  const state = await readEndState(cluster.stores.database, population)
  const problems = [...checkCounts(state), ...checkReceipts(population, state, readAt)]
  requireTrue(problems.length === 0, problems.slice(0, 5).join('\n'))
}

const levels = 9000

async function readPoison(scene: Scene): Promise<void> {
  const { ann, bob, conversationId } = await pairOfStrangers(scene)
  const { id } = await say(ann, conversationId, 'poison')
  const nested = '{"a":'.repeat(levels) + '1' + '}'.repeat(levels)
  await scene.cluster.stores.database.query('update messages set metadata = $1::jsonb where id = $2', [nested, id])
  const paths = [
    `/api/v1/chat/conversations/${conversationId}/messages`,
    `/api/v1/chat/conversations/${conversationId}`,
    listPath,
    '/api/v1/chat/sync',
  ]
  for (const reader of [ann, bob])
    for (const path of paths) {
      const body = await reader.rest({ method: 'GET', path })
      requireTrue(body.success, `${path} could not be read: ${JSON.stringify(body)}`)
    }
  requireTrue(
    (await historyOf(bob, conversationId)).some((message) => message.id === id),
    'a message with bad metadata is not in the history',
  )
}

async function watchLastMessageAt(scene: Scene): Promise<void> {
  const [owner, ...others] = await strangers(scene, 4)
  if (!owner) return
  const conversationId = await converse(owner, others)
  const seen: string[] = []
  const sends = others.map(async (member) => {
    for (let n = 0; n < 12; n++) await say(member, conversationId, `${n}`)
  })
  let isOver = false
  const talk = Promise.all(sends).finally(() => (isOver = true))
  while (!isOver) {
    const body = await owner.rest({ method: 'GET', path: `/api/v1/chat/conversations/${conversationId}` })
    seen.push(requireData<Conversation>(body).last_message_at ?? '')
  }
  await talk
  requireTrue(seen.toSorted().join() === seen.join(), `C9 last_message_at went back: ${seen.join(' ')}`)
}

async function referToNothing(scene: Scene): Promise<void> {
  const { ann, conversationId } = await pairOfStrangers(scene)
  const elsewhere = await pairOfStrangers(scene)
  const deleted = await say(ann, conversationId, 'soon deleted')
  const foreign = await say(elsewhere.ann, elsewhere.conversationId, 'elsewhere')
  requireTrue((await ann.rest({ method: 'DELETE', path: `/api/v1/chat/messages/${deleted.id}` })).success, 'nothing could be deleted')
  const never = ann.id
  const conversation = `/api/v1/chat/conversations/${conversationId}`
  const reply = (parent: string) => ({ content: 'reply', parent_message_id: parent })
  // What they answer is the contract's, told elsewhere; here none may be a fault, which the way of asking notes.
  for (const parent of [deleted.id, foreign.id, never])
    await ann.rest({ method: 'POST', path: `${conversation}/messages`, body: reply(parent) })
  for (const id of [deleted.id, foreign.id, never]) {
    await ann.rest({ method: 'POST', path: `${conversation}/read`, body: { message_ids: [id] } })
    await ann.rest({ method: 'DELETE', path: `/api/v1/chat/messages/${id}` })
    await ann.rest({ method: 'POST', path: `${conversation}/participants`, body: { user_ids: [id], participant_ids: [id] } })
    await ann.rest({ method: 'DELETE', path: `${conversation}/participants/${id}` })
    await ann.rest({ method: 'POST', path: '/api/v1/chat/conversations', body: { type: 'direct', participant_ids: [id] } })
  }
}
