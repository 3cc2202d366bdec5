import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openOrigin, playgroundSite, type Origin, type PlaygroundSiteOptions } from '@viatra-chat/local/origin'
import { spawnGateway, startWorld, type SpawnedService, type World } from '@viatra-chat/testkit'

/** The product behind one origin, as a local run has it: an API, two gateways that can be killed, and the playground. */
export interface Place {
  world: World
  gateways: SpawnedService[]
  port: number
  /** Whom the origin shows as people of a demo. */
  demo: DemoTokens
  close(): Promise<void>
}

type DemoTokens = ReturnType<PlaygroundSiteOptions['people']>

export async function openPlace(): Promise<Place> {
  const world = await startWorld({ gateways: 0 })
  const gateways = await Promise.all([spawnGateway(world), spawnGateway(world)])
  const port = await freePort()
  const demo: DemoTokens = []
  const origin = await openOrigin({
    port,
    hosts: ['127.0.0.1'],
    apiPorts: world.apis.map(portOf),
    gatewayPorts: gateways.map(({ url }) => portOf(url)),
    instanceId: 'browser-tests',
    site: playgroundSite({ people: () => demo }),
  })
  return { world, gateways, port, demo, close: () => closeAll(origin, gateways, world) }
}

async function closeAll(origin: Origin, gateways: SpawnedService[], world: World): Promise<void> {
  await origin.close()
  await Promise.all(gateways.map((gateway) => gateway.kill()))
  await world.close()
}

export const portOf = (url: string) => Number(new URL(url).port)

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
