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
    title: 'the gateways are stopped and started one after the other',
    run: drainInTurn,
  },
]

const crowdSize = 90

/** Gives how a crowd of clients came back: the drain is to spread them, so that no second has many more than the mean. */
async function drainInTurn(scene: Scene): Promise<string> {
  const { cluster } = scene
  const connectedAt: number[] = []
  const crowd = await connectCrowd(scene, () => connectedAt.push(performance.now()))
  await requireSoon(() => connectedAt.length >= crowdSize, 20_000, 'a crowd could not connect')
  connectedAt.length = 0
  const from = performance.now()
  for (const gateway of cluster.gateways) {
    await gateway.stop()
    await gateway.start()
  }
  const seconds = (performance.now() - from) / 1000
  for (const link of crowd) link.close()
  const most = Math.max(0, ...connectedAt.map((at) => connectedAt.filter((other) => other >= at && other < at + 1000).length))
  const mean = (connectedAt.length / seconds).toFixed(1)
  return `${connectedAt.length} reconnects in ${seconds.toFixed(1)} s, mean ${mean}/s, at most ${most} in a second`
}

async function connectCrowd(scene: Scene, onConnect: () => void): Promise<GatewayLink[]> {
  const [somebody] = await strangers(scene, 1)
  const urls = scene.cluster.gateways.map(({ url }) => url)
  const options = { urls, token: somebody?.token(crowdTokenMs) ?? '', onConnect, onEvent: () => undefined }
  const links = Array.from({ length: crowdSize }, (_, first) => new GatewayLink({ ...options, first, random: scene.random.fork() }))
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
