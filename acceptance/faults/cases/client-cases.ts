import { setTimeout as delay } from 'node:timers/promises'
import { sendUntilAcknowledged } from '../clients/send-until-acknowledged.js'
import { requireSoon } from '../until.js'
import { requireTrue, someMembership, type FaultCase, type Scene } from './fault-case.js'
import { withoutLines } from './redis-cases.js'

/** Between clients and gateways. */
export const clientCases: readonly FaultCase[] = [
  {
    id: 'F01',
    title: 'connections are reset just as they bring an acknowledgement',
    async run({ cluster }) {
      for (let round = 0; round < 4; round++) {
        for (const line of cluster.edges.clientGateway) line.cutOnAnswer((bytes) => bytes.includes('"success":true'))
        await delay(400)
      }
      for (const line of cluster.edges.clientGateway) line.cutOnAnswer(() => false)
    },
  },
  {
    id: 'F02',
    title: 'the lines to one gateway swallow everything',
    run: ({ cluster, population, random }) =>
      population.history.holding(() => withoutLines([random.pick(cluster.edges.clientGateway)], 'blackhole', 3500)),
  },
  {
    id: 'F13',
    title: 'somebody is removed while the gateways cannot hear of it',
    run: removeDuringOutage,
  },
  {
    id: 'F14',
    title: 'conversations are created while their members are online and have not joined',
    async run({ population, random }) {
      const ids = population.accounts.map(({ id }) => id)
      for (let round = 0; round < 3; round++) {
        await population.create(random.pick(population.clients), random.shuffled(ids).slice(0, 3))
        await delay(200)
      }
    },
  },
  {
    id: 'F18',
    wholeRunOnly: true,
    title: 'one of two devices disconnects, and its person stays online',
    run: disconnectOneOfTwo,
  },
]

async function removeDuringOutage(scene: Scene): Promise<void> {
  const { cluster, population, random } = scene
  const owner = random.pick(population.clients)
  const others = random.shuffled(population.accounts.map(({ id }) => id).filter((id) => id !== owner.account.id)).slice(0, 3)
  const conversationId = await population.create(owner, others)
  const [removed = ''] = others
  await delay(500)

  cluster.edges.gatewayRedis.mode('refuse')
  population.members.get(conversationId)?.delete(removed)
  const path = `/api/v1/chat/conversations/${conversationId}/participants/${removed}`
  await requireSoon(() => isDone(owner, path), 10_000, 'nobody could be removed')
  population.history.removed(removed, conversationId)
  const refused = await sendUntilAcknowledged(population.deviceOf(removed), { ...population, random, conversationId, turn: 0 })
  requireTrue(refused.refusedWith === 'NOT_A_PARTICIPANT', 'C6 somebody who was removed could send')
  await delay(1100)
  cluster.edges.gatewayRedis.mode('pass')
  // The others talk on; whoever was removed must not hear it.
  await delay(500)
}

async function isDone(client: Scene['population']['clients'][number], path: string): Promise<boolean> {
  const outcome = await client.rest({ method: 'DELETE', path })
  // A retry of a removal whose answer was lost finds nobody.
  return outcome.kind === 'answer' && (outcome.body.success || outcome.body.code === 'USER_NOT_FOUND')
}

async function disconnectOneOfTwo(scene: Scene): Promise<void> {
  const { population } = scene
  const [someone] = population.accounts
  const devices = population.clients.filter(({ account }) => account === someone)
  const [first, second] = devices
  if (!someone || !first || !second) throw new Error('nobody has two devices')
  await requireSoon(() => devices.every((device) => device.isCaughtUp), 10_000, 'the devices were not connected')
  await second.close()
  const watcher = someMembership(scene, population.accounts.length).client
  const until = performance.now() + 1500
  while (performance.now() < until) {
    const outcome = await watcher.rest({ method: 'GET', path: `/api/v1/chat/presence?user_ids=${someone.id}` })
    const isOffline = outcome.kind === 'answer' && JSON.stringify(outcome.body).includes('"is_online":false')
    requireTrue(!isOffline || !first.link.isConnected, 'C12 somebody with a live device was shown as offline')
    await delay(50)
  }
  second.open()
}
