const runs = 3

/** Runs something three times and gives, of each number that it returns, the median. */
export async function medianOf(run) {
  const results = []
  for (let i = 0; i < runs; i++) results.push(await run(i))
  return Object.fromEntries(Object.keys(results[0]).map((key) => [key, median(results.map((result) => result[key]))]))
}

/** Of several numbers the one in the middle. */
export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

/**
 * Calls `call(client, n)` from `workers` connections at once, with n = 0, 1, 2 …, until the time is over or `calls` are made.
 * Gives how many were done and failed, calls per second, their median and p99 in ms, and bytes of WAL for each.
 */
export async function measureCalls({ pool, query }, { workers, ms, calls = Infinity, call }) {
  const clients = await Promise.all(Array.from({ length: workers }, () => pool.connect()))
  await query('checkpoint')
  const [{ lsn }] = await query('select pg_current_wal_insert_lsn() as lsn')
  const times = []
  let next = 0
  const failures = []
  const startedAt = performance.now()
  const work = async (client) => {
    while (next < calls && performance.now() - startedAt < ms) {
      const before = performance.now()
      await call(client, next++).catch((error) => failures.push(error))
      times.push(performance.now() - before)
    }
  }
  try {
    await Promise.all(clients.map(work))
  } finally {
    for (const client of clients) client.release()
  }
  const seconds = (performance.now() - startedAt) / 1000
  const [{ wal }] = await query('select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::float8 as wal', [lsn])
  const done = times.length - failures.length
  if (done === 0) throw failures[0] ?? new Error('nothing was measured')
  times.sort((a, b) => a - b)
  return {
    done,
    perSecond: done / seconds,
    failed: failures.length,
    p50: at(times, 0.5),
    p99: at(times, 0.99),
    wal: wal / Math.max(1, done),
  }
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

export const ms = (value) => `${value.toFixed(value < 10 ? 2 : 1)} ms`
export const rate = (value) => `${Math.round(value).toLocaleString('en')}/s`
export const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`
export const ratio = (value, base) => `${(value / base).toFixed(value / base < 1 ? 2 : value / base < 10 ? 1 : 0)} ×`
