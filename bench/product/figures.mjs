/** Latencies of one measured window, in ms: `{p50, p95, p99, max}`. */
export function percentiles(times) {
  const sorted = Float64Array.from(times).sort()
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** Of several results of one shape the median of each number, deeply. */
export function medianOfResults(results) {
  const [first] = results
  if (typeof first === 'number') return median(results)
  if (typeof first !== 'object' || first === null) return first
  return Object.fromEntries(Object.keys(first).map((key) => [key, medianOfResults(results.map((result) => result[key]))]))
}

/** What `inTurns` takes: of each of `{name: thing}` the same measure. */
export const turnsOf = (things, measure) => Object.fromEntries(Object.entries(things).map(([name, thing]) => [name, () => measure(thing)]))

/**
 * Measures variants in turns, so that what else the machine does meets all of them alike: `{name: round}` in, `{name: medians}` out.
 * Ratios of two variants must be taken within their rounds, see {@link ratioOf}: `rounds` keeps them.
 */
export async function inTurns(variants, rounds = 3) {
  const results = Object.fromEntries(Object.keys(variants).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name, measure] of Object.entries(variants)) results[name].push(await measure(round))
  const medians = Object.fromEntries(Object.entries(results).map(([name, values]) => [name, medianOfResults(values)]))
  return { ...medians, rounds: results }
}

/** The median over the rounds of one variant's figure divided by another's in the same round. */
export function ratioOf({ rounds }, name, base, figure) {
  return median(rounds[name].map((result, round) => figure(result) / figure(rounds[base][round])))
}

export const ms = (value) => `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`
export const rate = (value) => `${Math.round(value).toLocaleString('en')}/s`
export const times = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ×`
export const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`

export const latencyText = ({ p50, p95, p99 }) => `p50 ${ms(p50)}, p95 ${ms(p95)}, p99 ${ms(p99)}`

/** CPU per operation by process, in µs: `gateway 61, postgres 40, …`. */
export function cpuText(cpu) {
  return Object.entries(cpu)
    .map(([name, us]) => `${name} ${us.toFixed(us < 10 ? 1 : 0)}`)
    .join(', ')
}
