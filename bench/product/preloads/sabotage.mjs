// Makes the process busy for some µs of processor time with each message that it stores; by the clock it would be less on a machine with other work.
import pg from 'pg'

const busyUs = Number(process.env.BENCH_SABOTAGE)
const original = pg.Client.prototype.query
const usedUs = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

pg.Client.prototype.query = function (config, ...rest) {
  if (config?.name === 'store-batch') {
    const until = usedUs() + busyUs * config.values[0].split(',').length
    while (usedUs() < until);
  }
  return original.call(this, config, ...rest)
}
