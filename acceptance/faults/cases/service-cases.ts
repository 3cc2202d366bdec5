import { setTimeout as delay } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import { sendUntilAcknowledged } from '../clients/send-until-acknowledged.js'
import { requireSoon } from '../until.js'
import { requireTrue, someMembership, type FaultCase, type Scene } from './fault-case.js'
import { withoutLines } from './redis-cases.js'

/** Of the API processes, the outbox, and of everything at once. */
export const serviceCases: readonly FaultCase[] = [
  { id: 'F36', wholeRunOnly: true, title: 'whoever reads after an acknowledgement sees what was acknowledged', run: readOwnWrites },
  {
    id: 'F40',
    title: 'the APIs are killed in turn',
    async run({ cluster }) {
      for (const api of cluster.apis) {
        await api.kill()
        await api.start()
      }
    },
  },
  {
    id: 'F42',
    wholeRunOnly: true,
    title: 'a gateway and an API are killed together, with what they had to tell',
    async run({ cluster, random }) {
      const doomed = [random.pick(cluster.apis), random.pick(cluster.gateways)]
      await Promise.all(doomed.map((service) => service.kill()))
      await Promise.all(doomed.map((service) => service.start()))
    },
  },
  {
    id: 'F80',
    wholeRunOnly: true,
    title: 'the APIs are stopped and started one after the other',
    async run({ cluster }) {
      for (const api of cluster.apis) {
        await api.stop()
        await api.start()
      }
    },
  },
  { id: 'F82', wholeRunOnly: true, title: 'the outbox holds a row that nobody can tell', run: poisonOutbox },
  {
    id: 'F84',
    title: 'both stores are away for 2 s',
    run: ({ cluster: { edges } }) =>
      withoutLines([edges.apiPostgres, edges.gatewayPostgres, edges.apiRedis, edges.gatewayRedis], 'refuse', 2000),
  },
]

async function readOwnWrites(scene: Scene): Promise<void> {
  const { population, random } = scene
  for (let turn = 0; turn < 15; turn++) {
    const { client, conversationId } = someMembership(scene)
    const { acked } = await sendUntilAcknowledged(client, { ...population, random, conversationId, turn: 0 })
    requireTrue(
      acked !== undefined && (await isListed(client, conversationId, acked.id)),
      'C4 an acknowledged message was not in the next read',
    )
    if (acked === undefined || turn % 3 > 0) continue
    const deletion = await client.rest({ method: 'DELETE', path: `/api/v1/chat/messages/${acked.id}` })
    if (deletion.kind !== 'answer' || !deletion.body.success) continue
    population.history.deletions.set(acked.id, { messageId: acked.id, content: acked.content ?? '', ackedAt: performance.now() })
    requireTrue(!(await isListed(client, conversationId, acked.id)), 'C7 a deleted message was in the next read')
  }
}

async function isListed(client: Scene['population']['clients'][number], conversationId: string, messageId: string): Promise<boolean> {
  const outcome = await client.rest({ method: 'GET', path: `/api/v1/chat/conversations/${conversationId}/messages?limit=50` })
  if (outcome.kind === 'silence' || outcome.status !== 200) throw new Error(`a history could not be read: ${JSON.stringify(outcome)}`)
  return (outcome.body.data as { messages: { id: string }[] }).messages.some(({ id }) => id === messageId)
}

async function poisonOutbox({ cluster: { stores } }: Scene): Promise<void> {
  const announcement = { kind: 'change', action: 'role_changed', conversationId: randomUUID(), messageId: randomUUID(), userIds: [] }
  const { rows } = await stores.database.query<{ id: string }>('insert into outbox (announcement) values ($1) returning id', [
    JSON.stringify(announcement),
  ])
  // The rows around it are left to the relay as well.
  await stores.commands.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes')
  const isSetAside = async () =>
    (await stores.database.query('select 1 from outbox where id = $1 and attempts >= 3', [rows[0]?.id])).rowCount === 1
  await requireSoon(isSetAside, 15_000, 'a row that nobody can tell was not set aside')
  await delay(200)
  await stores.database.query('delete from outbox where id = $1', [rows[0]?.id])
}
