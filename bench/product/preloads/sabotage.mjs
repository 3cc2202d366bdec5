// Makes the process busy for some µs of processor time with each message that it stores; by the clock it would be less on a machine with other work.
import pg from 'pg'

const busyUs = Number(process.env.BENCH_SABOTAGE)
/** A parameter that has one number for each message. */
const columnOf = { 'store-batch': 0, 'store-known-batch': 6 }
const original = pg.Client.prototype.query
const usedUs = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

pg.Client.prototype.query = function (config, ...rest) {
  const column = columnOf[config?.name]
  if (column !== undefined) {
    const until = usedUs() + busyUs * config.values[column].split(',').length
    while (usedUs() < until);
  }
  return original.call(this, config, ...rest)
}
