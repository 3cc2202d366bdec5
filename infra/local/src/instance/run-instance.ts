import { randomUUID } from 'node:crypto'
import { openOrigin } from '../origin/origin.js'
import { playgroundSite } from '../origin/playground-site.js'
import { Problem } from '../problem.js'
import { isPortFree } from '../processes/find-free-port.js'
import { SupervisedProcess } from '../processes/supervised-process.js'
import { prepareDatabase } from './prepare-database.js'
import { removeRunning, requireNotRunning, writeRunning } from './running-file.js'
import { apiPorts, gatewayPorts, metricsPortOf, servicePlans } from './service-plans.js'
import { serviceDatabaseUrl } from './service-database-url.js'
import type { Settings } from './settings.js'
import { getSigningSecret } from './signing-secret.js'
import { prepareDataDir, startStores } from './start-stores.js'
import type { Stoppable, StopStack } from './stop-stack.js'
import { demoTokens, type DemoTokens } from './demo-tokens.js'
import { welcome } from './welcome.js'

/** Shows one line (or block) to the person at the terminal. */
export type Print = (text: string) => void

/**
 * Starts everything that `npm start` promises. What was started is pushed on `running` as it comes, so that it can be stopped in reverse order
 * at any moment, also half-way.
 * @returns the services, which watch mode restarts.
 * @throws Problem when something is in the way.
 */
export async function runInstance(settings: Settings, running: StopStack, print: Print): Promise<SupervisedProcess[]> {
  await requireNotRunning(settings.dataDir)
  const demo: { people: DemoTokens } = { people: () => [] }
  const { instanceId, origin } = await claimPorts(settings, running, () => demo.people())
  await prepareDataDir(settings)
  const instance = { instanceId, pid: process.pid, url: `http://localhost:${settings.port}` }
  await writeRunning(settings.dataDir, instance)
  await running.push({ stop: () => removeRunning(settings.dataDir) })
  const stores = await startStores(settings, print)
  await running.push(stores.postgres)
  await running.push(stores.redis)
  await writeRunning(settings.dataDir, { ...instance, databaseUrl: stores.postgres.url, redisUrl: stores.redis.url })
  const people = await prepareDatabase(settings, stores.postgres.url, print)
  const secret = await getSigningSecret(settings.dataDir, settings.env)
  const databaseUrl = await serviceDatabaseUrl(settings, stores.postgres.url)
  const env = serviceEnvironment(settings, { databaseUrl, redisUrl: stores.redis.url, secret })
  if (secret !== undefined) demo.people = () => demoTokens(people, secret, settings.env)
  const services = await startServices(settings, env, running, print)
  // Once more, now as the last: when everything stops, the door closes before the house is emptied.
  await running.push(origin)
  print(welcome(settings, stores, people, secret))
  return services
}

/** The origin opens first, though nobody stands behind it yet: two instances can then not begin on one port. */
async function claimPorts(settings: Settings, running: StopStack, people: DemoTokens): Promise<{ instanceId: string; origin: Stoppable }> {
  const instanceId = randomUUID()
  const ports = { apiPorts: apiPorts(settings), gatewayPorts: gatewayPorts(settings) }
  const site = playgroundSite({ people, hosts: settings.hosts })
  const opened = await openOrigin({ ...settings, ...ports, instanceId, site })
  const origin = { stop: () => opened.close() }
  await running.push(origin)
  const servicePorts = [...ports.apiPorts, ...ports.gatewayPorts]
  for (const port of [...servicePorts, ...servicePorts.map(metricsPortOf)]) {
    if (await isPortFree(port)) continue
    throw new Problem(
      `Port ${port} is in use (APIs take the ports after PORT=${settings.port}, gateways those from PORT + 11 on, metrics those 20 above): set PORT to another one.`,
    )
  }
  return { instanceId, origin }
}

interface ServiceNeeds {
  databaseUrl: string
  redisUrl: string
  secret: string | undefined
}

function serviceEnvironment({ env, port }: Settings, { databaseUrl, redisUrl, secret }: ServiceNeeds): NodeJS.ProcessEnv {
  return {
    // Whoever presses Ctrl-C waits for it.
    GATEWAY_DRAIN_MS: '500',
    SOCKET_IO_CORS_ORIGIN: `http://localhost:${port},http://127.0.0.1:${port}`,
    ...env,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    ...(secret !== undefined && { JWT_SECRET: secret }),
  }
}

async function startServices(settings: Settings, env: NodeJS.ProcessEnv, running: StopStack, print: Print): Promise<SupervisedProcess[]> {
  const plans = servicePlans(settings, env, print)
  const apis = plans.apis.map((plan) => new SupervisedProcess(plan))
  const gateways = plans.gateways.map((plan) => new SupervisedProcess(plan))
  await running.push(together(apis))
  await running.push(together(gateways))
  await Promise.all([...apis, ...gateways].map((service) => service.start()))
  return [...apis, ...gateways]
}

/** Several processes that are stopped at once. */
function together(processes: SupervisedProcess[]): Stoppable {
  return {
    stop: () => Promise.all(processes.map((each) => each.stop())),
    kill: () => processes.forEach((each) => each.kill()),
  }
}
