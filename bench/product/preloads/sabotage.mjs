// Makes the process busy for some µs with each message that it stores.
import pg from 'pg'

const busyMs = Number(process.env.BENCH_SABOTAGE) / 1000
const original = pg.Client.prototype.query

pg.Client.prototype.query = function (config, ...rest) {
  if (config?.name === 'store-batch') {
    const until = performance.now() + busyMs * config.values[0].length
    while (performance.now() < until);
  }
  return original.call(this, config, ...rest)
}
