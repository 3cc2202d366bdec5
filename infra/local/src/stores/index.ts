export { postgresFolder, startPostgres, type PostgresOptions } from './postgres.js'
export { startRedis, type RedisOptions } from './redis.js'
export { givenStore, type Store } from './store.js'
export { startTestStores, type RunningTestStores, type TestStores } from './test-stores.js'
