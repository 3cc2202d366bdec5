import { startApi } from '@viatra-chat/api'
import type { Conversation, UserId } from '@viatra-chat/contract'
import { startGateway, type RunningGateway } from '@viatra-chat/gateway'
import { createLogger, readConfig, type Config } from '@viatra-chat/runtime'
import type { Redis } from 'ioredis'
import type pg from 'pg'
import { newUserId, person, type Person } from './person.js'
import { openTestStores, type TestStoresOptions } from './stores.js'

export interface WorldOptions extends TestStoresOptions {
  /** API instances; default 1. */
  apis?: number
  /** Gateway instances; default 1. */
  gateways?: number
  /** Environment variables of every instance. Limits are lifted unless RATE_LIMIT_MULTIPLIER is given. */
  env?: Record<string, string>
  /** More of them for single API instances, by their index. */
  apiEnv?: Record<number, Record<string, string>>
}

/** A running product of its own: services in this process, real stores, nobody else in it. */
export interface World {
  readonly apis: readonly string[]
  readonly gateways: readonly string[]
  readonly secret: string
  /** Addresses of the metrics pages, APIs before gateways; METRICS_PORT=0 in `env` opens them. */
  readonly metricsPages: readonly string[]
  readonly database: pg.Pool
  /** The owner's way into the database; the services have a role with fewer rights. */
  readonly databaseUrl: string
  readonly redis: Redis
  /** The configuration of the instances, for starting another one. */
  readonly config: Config
  /** Lets people reach a service that was started beside the world. Gives its number among those of its kind. */
  reach(name: 'api' | 'gateway', service: { url: string }): number
  /** Starts one more gateway, which its caller stops. */
  startGateway(changes?: Partial<Config>): Promise<RunningGateway>
  /** Creates a person; the names are for reading failures. */
  person(name: string, fields?: { id?: UserId; role?: string; is_active?: boolean }): Promise<Person>
  people<const N extends readonly string[]>(...names: N): Promise<{ [K in keyof N]: Person }>
  /** Ids of as many new accounts, ascending, for conversations that need many people. */
  crowd(count: number): Promise<UserId[]>
  /** A direct conversation between two new people. */
  twoPeople(): Promise<{ ann: Person; bob: Person; conversation: Conversation }>
  /** Stops the services as a signal would; the stores stay until `close`. */
  stopServices(): Promise<void>
  close(): Promise<void>
}

export const testSecret = 'a secret of at least thirty-two bytes, for tests'

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const stores = await openTestStores(options)
  const env = {
    DATABASE_URL: stores.serviceDatabaseUrl,
    REDIS_URL: stores.redisUrl,
    JWT_SECRET: testSecret,
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_POOL_MAX: '5',
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'fatal',
    RATE_LIMIT_MULTIPLIER: '1000',
    PRESENCE_GRACE_MS: '300',
    GATEWAY_DRAIN_MS: '0',
    // Lets whole files run on the other adapter, and with encrypted content: acceptance/sharded, acceptance/sealed.
    REDIS_ADAPTER: process.env.REDIS_ADAPTER,
    CONTENT_ENCRYPTION: process.env.CONTENT_ENCRYPTION,
    CONTENT_KEYS: process.env.CONTENT_KEYS,
    ...options.env,
  }
  const config = readConfig(env)
  const log = createLogger({ name: 'test', level: config.logLevel })
  const apis = await several(options.apis ?? 1, (i) => startApi(readConfig({ ...env, ...options.apiEnv?.[i] }), log))
  const gateways = await several(options.gateways ?? 1, () => startGateway(config, log))
  const place = { apis: apis.map((api) => api.url), gateways: gateways.map((gateway) => gateway.url), secret: testSecret }

  async function newPerson(name: string, { id = newUserId(), role = 'patient', is_active = true } = {}): Promise<Person> {
    await insertUser(stores.database, { id, name, role, is_active })
    return person(place, { id, name, role })
  }

  const people = async <const N extends readonly string[]>(...names: N) =>
    (await Promise.all(names.map((name) => newPerson(name)))) as { [K in keyof N]: Person }

  const running = [...apis, ...gateways]
  const stopServices = async () => void (await Promise.all(running.splice(0).map((service) => service.stop())))

  return {
    ...place,
    metricsPages: [...apis, ...gateways].flatMap(({ metricsPort }) =>
      metricsPort === undefined ? [] : `http://127.0.0.1:${metricsPort}/metrics`,
    ),
    database: stores.database,
    databaseUrl: stores.databaseUrl,
    redis: stores.redis,
    config,
    reach: (name, { url }) => (name === 'api' ? place.apis : place.gateways).push(url) - 1,
    startGateway: (changes = {}) => startGateway({ ...config, ...changes }, log),
    person: newPerson,
    people,
    crowd: (count) => insertCrowd(stores.database, count),
    twoPeople: async () => {
      const [ann, bob] = await people('Ann', 'Bob')
      return { ann, bob, conversation: await ann.create({ participant_ids: [bob.id] }) }
    },
    stopServices,
    close: async () => {
      await stopServices()
      await stores.close()
    },
  }
}

const several = <T>(count: number, start: (index: number) => Promise<T>) => Promise.all(Array.from({ length: count }, (_, i) => start(i)))

async function insertUser(database: pg.Pool, user: { id: UserId; name: string; role: string; is_active: boolean }): Promise<void> {
  await database.query('insert into users (id, first_name, last_name, email, role, is_active) values ($1, $2, $3, $4, $5, $6)', [
    user.id,
    user.name,
    'Example',
    `${user.id}@example.org`,
    user.role,
    user.is_active,
  ])
}

async function insertCrowd(database: pg.Pool, count: number): Promise<UserId[]> {
  const { rows } = await database.query<{ id: UserId }>(
    `with people as (insert into users (first_name, last_name) select 'Person', n::text from generate_series(1, $1::int) as n returning id)
     select id from people order by id`,
    [count],
  )
  return rows.map((row) => row.id)
}
