import { createChatClient } from '@viatra-chat/client'
import type { Connection } from '@viatra-chat/testkit'
import { sendUntilAcknowledged } from '../clients/send-until-acknowledged.js'
import { requireSoon } from '../until.js'
import { requireTrue, sayInEach, type FaultCase, type Scene } from './fault-case.js'
import { converse, pairOfStrangers, say, strangers, type Stranger } from './strangers.js'

/** Of who hears what, from when, and in which order. */
export const roomCases: readonly FaultCase[] = [
  { id: 'F15', wholeRunOnly: true, title: 'people join while messages arrive without a pause', run: joinAmidMessages },
  { id: 'F16', title: 'senders race through both APIs, and an application hears each message once, in order', run: raceThroughBoth },
  { id: 'F17', wholeRunOnly: true, title: 'somebody joins and leaves at random, and joins twice', run: joinAndLeave },
  { id: 'F27', wholeRunOnly: true, title: 'a gateway is frozen, and nobody at the others waits for it', run: askWhileFrozen },
]

async function joinAmidMessages(scene: Scene): Promise<void> {
  const { ann, bob, conversationId } = await pairOfStrangers(scene)
  let isOver = false
  const talk = (async () => {
    while (!isOver) await say(ann, conversationId, 'and on')
  })()
  for (let round = 0; round < 8; round++) {
    const connection = await bob.connect()
    const { last_seq } = await connection.get('join_conversation', { conversationId })
    const heard = () => new Set(connection.seen('new_message').map(({ seq }) => seq))
    const hasHeard = () => [1, 2, 3].every((n) => heard().has(Number(last_seq) + n))
    await requireSoon(hasHeard, 10_000, `after seq ${String(last_seq)}, where it joined, somebody heard ${[...heard()].join(' ')}`)
    connection.close()
  }
  isOver = true
  await talk
}

const racesMax = 15

async function raceThroughBoth(scene: Scene): Promise<void> {
  const { cluster } = scene
  const [listener, ...senders] = await strangers(scene, 4)
  if (!listener) return
  const conversationId = await converse(listener, senders)
  const client = createChatClient({
    url: cluster.apis[0]?.url ?? '',
    socketUrl: cluster.gateways[0]?.url ?? '',
    getToken: () => listener.token(60_000),
  })
  const seqs: number[] = []
  client.on('message', ({ seq }) => seqs.push(seq))
  client.connect()
  const joinedAt = await client.join(conversationId)
  const sent = senders.map(async (sender) => {
    for (let n = 0; n < racesMax; n++) await say(sender, conversationId, `race ${n}`)
  })
  await Promise.all(sent)
  const expected = Array.from({ length: racesMax * senders.length }, (_, index) => joinedAt + index + 1)
  await requireSoon(() => seqs.length >= expected.length, 10_000, `an application heard ${seqs.length} of ${expected.length} messages`)
  client.close()
  requireTrue(seqs.join() === expected.join(), `C4 an application heard the seqs ${seqs.join(' ')}`)
}

async function joinAndLeave(scene: Scene): Promise<void> {
  const { ann, bob, conversationId } = await pairOfStrangers(scene)
  const connection = await bob.connect()
  for (let round = 0; round < 6; round++) {
    const steps = Array.from({ length: 5 + scene.random.below(10) }, () => scene.random.chance(0.6))
    const step = (joins: boolean) => connection.get(joins ? 'join_conversation' : 'leave_conversation', { conversationId })
    await Promise.all(steps.map(step))
    const isJoined = scene.random.chance(0.5)
    await step(isJoined)
    await requireHeard(connection, ann, conversationId, isJoined)
  }
  connection.close()
}

/** What is said now is heard by who joined, and as an activity alone by who left. */
async function requireHeard(connection: Connection, ann: Stranger, conversationId: string, isJoined: boolean): Promise<void> {
  const { id } = await say(ann, conversationId, 'now')
  const asMessage = () => connection.seen('new_message').filter((message) => message.id === id).length
  const asActivity = () => connection.seen('conversation_activity').filter(({ last_message }) => last_message?.id === id).length
  await requireSoon(() => asMessage() + asActivity() > 0, 10_000, 'somebody who joins and leaves heard nothing')
  requireTrue(asMessage() > 0 === isJoined, `a message was heard ${asMessage()} times by somebody who ${isJoined ? 'joined' : 'left'}`)
}

async function askWhileFrozen(scene: Scene): Promise<void> {
  const { cluster, population, random } = scene
  const gateway = random.pick(cluster.gateways)
  await population.history.holding(async () => {
    gateway.freeze()
    try {
      await sayInEach(scene)
      const client = random.pick(population.clients)
      const conversationId = await population.create(client, population.accounts.slice(0, 3).map(({ id }) => id)) // prettier-ignore
      const { acked } = await sendUntilAcknowledged(client, { ...population, random, conversationId, turn: 0, door: 'rest' })
      requireTrue(acked !== undefined, 'nothing could be sent while a gateway was frozen')
    } finally {
      gateway.thaw()
    }
  })
}
