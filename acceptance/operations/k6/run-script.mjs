// node run-script.mjs SCRIPT ITERATIONS: runs each scenario of a k6 script that many times, a few at once, and judges its thresholds. As with k6
// the exit code is 99 when one is not met. Stands in for k6 where k6 cannot be installed: it shows that the script works, not how fast we are.
import { register } from 'node:module'
import { pathToFileURL } from 'node:url'

register('./hooks.mjs', import.meta.url)
const { state, samplesOf } = await import('./modules.mjs')
const [script = '', iterations = '5'] = process.argv.slice(2)
const url = pathToFileURL(script).href
state.folder = url
const loaded = await import(url)
const atOnceMax = 5

for (const { exec } of Object.values(loaded.options.scenarios)) {
  for (let done = 0; done < Number(iterations); done += atOnceMax) {
    const batch = Array.from({ length: Math.min(atOnceMax, Number(iterations) - done) }, () => {
      const running = loaded[exec]()
      state.iteration++
      return running
    })
    await Promise.all(batch)
  }
}
const verdicts = Object.entries(loaded.options.thresholds).flatMap(([name, conditions]) =>
  conditions.map((condition) => ({ name, condition, met: isMet(condition, samplesOf(name)), samples: samplesOf(name).length })),
)
process.stdout.write(JSON.stringify(verdicts))
process.exit(verdicts.every(({ met }) => met) ? 0 : 99)

function isMet(condition, samples) {
  const [, what, percentile, sign, bound] = /^(p\((\d+)\)|rate|count|avg)\s*([<>])\s*([\d.]+)$/.exec(condition) ?? []
  if (what === undefined) throw new Error(`${condition} is no threshold that is known here`)
  const value = measure(what, Number(percentile), samples)
  return sign === '<' ? value < Number(bound) : value > Number(bound)
}

function measure(what, percentile, samples) {
  if (what === 'count') return samples.length
  if (what === 'rate' || what === 'avg') return samples.reduce((sum, value) => sum + value, 0) / samples.length
  return samples.toSorted((a, b) => a - b)[Math.ceil((samples.length * percentile) / 100) - 1] ?? NaN
}
