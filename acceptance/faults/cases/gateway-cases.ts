import { setTimeout as delay } from 'node:timers/promises'
import { GatewayLink } from '../clients/gateway-link.js'
import { requireSoon } from '../until.js'
import type { FaultCase, Scene } from './fault-case.js'
import { strangers } from './strangers.js'

/** Of the gateway processes. */
export const gatewayCases: readonly FaultCase[] = [
  {
    id: 'F03',
    title: 'a gateway is killed',
    async run({ cluster, random }) {
      const gateway = random.pick(cluster.gateways)
      await gateway.kill()
      await delay(500)
      await gateway.start()
    },
  },
  {
    id: 'F04',
    title: 'a gateway is frozen for 2 s and goes on',
    run: (scene) => freeze(scene, 2000),
  },
  {
    id: 'F04b',
    title: 'a gateway is frozen until its clients have left it, and goes on',
    wholeRunOnly: true,
    run: (scene) => freeze(scene, 8000),
  },
  {
    id: 'F09',
    title: 'all gateways are killed at once',
    async run({ cluster }) {
      await Promise.all(cluster.gateways.map((gateway) => gateway.kill()))
      await Promise.all(cluster.gateways.map((gateway) => gateway.start()))
    },
  },
  {
    id: 'F10',
    wholeRunOnly: true,
    title: 'the gateways are stopped and started one after the other',
    run: drainInTurn,
  },
]

const crowdSize = 300
// A person may have a hundred connections to a gateway, and all may be at one.
const connectionsEach = 60

/**
 * Gives how a crowd of clients came back: the drain is to spread them, so that no second has more than twice the mean. Of each gateway for
 * itself: the last one stopped has many more to send away than the first.
 */
async function drainInTurn(scene: Scene): Promise<string> {
  const { cluster } = scene
  const connectedAt: number[] = []
  const crowd = await connectCrowd(scene, () => connectedAt.push(performance.now()))
  await requireSoon(() => connectedAt.length >= crowdSize, 20_000, 'a crowd could not connect')
  const curves: string[] = []
  for (const gateway of cluster.gateways) {
    connectedAt.length = 0
    const from = performance.now()
    await gateway.stop()
    curves.push(describeCurve(connectedAt, (performance.now() - from) / 1000))
    await gateway.start()
  }
  const isWhole = () => crowd.every(({ isConnected }) => isConnected)
  await requireSoon(isWhole, 20_000, 'not everybody came back')
  for (const link of crowd) link.close()
  return curves.join('; ')
}

/** How many came back, and the busiest of all seconds, whenever it began, beside the mean. */
function describeCurve(times: readonly number[], seconds: number): string {
  const busiest = Math.max(0, ...times.map((at) => times.filter((other) => other >= at && other < at + 1000).length))
  const mean = times.length / seconds
  return `${times.length} in ${seconds.toFixed(1)} s, at most ${busiest} in a second, ${(busiest / mean).toFixed(2)} × the mean`
}

async function connectCrowd(scene: Scene, onConnect: () => void): Promise<GatewayLink[]> {
  const people = await strangers(scene, crowdSize / connectionsEach)
  const urls = scene.cluster.gateways.map(({ url }) => url)
  const links = people.flatMap((person) => {
    const options = { urls, token: person.token(crowdTokenMs), onConnect, onEvent: () => undefined }
    return Array.from({ length: connectionsEach }, (_, first) => new GatewayLink({ ...options, first, random: scene.random.fork() }))
  })
  for (const link of links) link.open()
  return links
}

const crowdTokenMs = 600_000

async function freeze({ cluster, population, random }: Scene, forMs: number): Promise<void> {
  const gateway = random.pick(cluster.gateways)
  await population.history.holding(async () => {
    gateway.freeze()
    await delay(forMs)
    gateway.thaw()
  })
}
