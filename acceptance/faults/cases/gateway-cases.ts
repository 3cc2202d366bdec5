import { setTimeout as delay } from 'node:timers/promises'
import type { FaultCase, Scene } from './fault-case.js'

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

/** Gives how the clients came back: the drain is to spread them, so that no second has many more than the mean. */
async function drainInTurn({ cluster, population }: Scene): Promise<string> {
  const from = performance.now()
  for (const gateway of cluster.gateways) {
    await gateway.stop()
    await gateway.start()
  }
  const times = population.history.connectedAt.filter((at) => at >= from)
  const seconds = Math.ceil((performance.now() - from) / 1000)
  const most = Math.max(...times.map((at) => times.filter((other) => other >= at && other < at + 1000).length))
  return `${times.length} reconnects in ${seconds} s, mean ${(times.length / seconds).toFixed(1)}/s, at most ${most} in a second`
}

async function freeze({ cluster, population, random }: Scene, forMs: number): Promise<void> {
  const gateway = random.pick(cluster.gateways)
  await population.history.holding(async () => {
    gateway.freeze()
    await delay(forMs)
    gateway.thaw()
  })
}
