import { fileURLToPath } from 'node:url'
import { startFcmStandIn, startTcpProxy, testSecret, type FcmStandIn, type TcpProxy } from '@viatra-chat/testkit'
import { requireSoon } from '../until.js'
import { ServiceProcess, type ServicePlan } from './service-process.js'
import { startStores, type Stores } from './stores.js'

/** The lines that faults break. */
export interface Edges {
  readonly apiPostgres: TcpProxy
  readonly gatewayPostgres: TcpProxy
  readonly apiRedis: TcpProxy
  readonly gatewayRedis: TcpProxy
  /** One before each gateway. */
  readonly clientGateway: readonly TcpProxy[]
}

/** The whole product as processes: two APIs and three gateways on stores of their own, with a breakable line on every edge. */
export interface Cluster {
  readonly apis: readonly ServiceProcess[]
  readonly gateways: readonly ServiceProcess[]
  readonly stores: Stores
  readonly edges: Edges
  /** Where pushes go. */
  readonly fcm: FcmStandIn
  /** Starts one more API or gateway, in something unlike the others; whoever starts it stops it. */
  startOneMore(kind: Kind, changes: Partial<Pick<ServicePlan, 'env' | 'nodeOptions' | 'openFilesMax'>>): Promise<ServiceProcess>
  /** Waits until every process is up and ready, and every store answers. */
  healthy(): Promise<void>
  close(): Promise<void>
}

type Kind = 'api' | 'gateway'

const mainOf = (service: Kind) => fileURLToPath(new URL('main.js', import.meta.resolve(`@viatra-chat/${service}`)))
const names = (kind: string, count: number) => Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`)

export async function startCluster(): Promise<Cluster> {
  const [stores, fcm] = await Promise.all([startStores(), startFcmStandIn()])
  const lines = await startStoreLines(stores)
  const env = {
    api: { ...fcm.env, ...through(stores, lines.apiPostgres, lines.apiRedis) },
    gateway: { ...fcm.env, ...through(stores, lines.gatewayPostgres, lines.gatewayRedis) },
  }
  const [apis, gateways] = await Promise.all([start('api', 2, env.api), start('gateway', 3, env.gateway)])
  const clientGateway = await Promise.all(gateways.map(({ port }) => startTcpProxy({ host: '127.0.0.1', port })))
  const services = [...apis, ...gateways]
  const added: ServiceProcess[] = []
  const ready = async () => (await Promise.all(services.map((service) => service.answers('/readyz')))).every(Boolean)
  return {
    apis,
    gateways,
    stores,
    edges: { ...lines, clientGateway },
    fcm,
    startOneMore: async (kind, { env: changes, ...more }) => {
      const plan = { name: `another ${kind}`, main: mainOf(kind), env: { ...env[kind], ...changes }, ...more }
      const service = await ServiceProcess.start(plan)
      added.push(service)
      return service
    },
    healthy: async () => void (await requireSoon(ready, 30_000, 'the services did not become ready again')),
    close: async () => {
      await Promise.all([...services, ...added].map((service) => service.kill()))
      await Promise.all([...Object.values(lines), ...clientGateway].map((line) => line.close()))
      await Promise.all([stores.close(), fcm.close()])
    },
  }
}

async function startStoreLines({ postgres, redis }: Stores): Promise<Omit<Edges, 'clientGateway'>> {
  const places = [postgres.at, postgres.at, redis.at, redis.at] as const
  const [apiPostgres, gatewayPostgres, apiRedis, gatewayRedis] = await Promise.all(places.map((at) => startTcpProxy(at)))
  if (!apiPostgres || !gatewayPostgres || !apiRedis || !gatewayRedis) throw new Error('a line is missing')
  return { apiPostgres, gatewayPostgres, apiRedis, gatewayRedis }
}

function start(kind: Kind, count: number, env: Record<string, string>): Promise<ServiceProcess[]> {
  return Promise.all(names(kind, count).map((name) => ServiceProcess.start({ name, main: mainOf(kind), env })))
}

function through({ postgres, redis }: Stores, postgresLine: TcpProxy, redisLine: TcpProxy): Record<string, string> {
  return {
    DATABASE_URL: withPort(postgres.url, postgresLine.port),
    REDIS_URL: withPort(redis.url, redisLine.port),
    JWT_SECRET: testSecret,
    DATABASE_POOL_MAX: '5',
    LOG_LEVEL: 'warn',
    RATE_LIMIT_MULTIPLIER: '1000',
    PRESENCE_GRACE_MS: '500',
    // One stranger of a case may be a whole crowd.
    SOCKET_CONNECTIONS_PER_USER: '1000',
    // What a killed worker had in its hands, another one takes after three seconds.
    PUSH_CALL_TIMEOUT_MS: '2000',
    PUSH_CONFIRM_MS: '3000',
    // A half-open line is noticed within three seconds, instead of the minute and a half that suits phones.
    SOCKET_IO_PING_INTERVAL: '1500',
    SOCKET_IO_PING_TIMEOUT: '1500',
  }
}

function withPort(url: URL, port: number): string {
  const changed = new URL(url)
  changed.port = String(port)
  return changed.href
}
