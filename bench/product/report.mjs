// A driver that uses more of its core than this may be what was measured.
const busyMax = 0.85

export function printDetails(outcomes) {
  for (const outcome of outcomes) {
    console.log(`- ${outcome.what}: ${outcome.error ?? `${outcome.product}${against(outcome)}`}`)
    if (outcome.detail) console.log(`  ${outcome.detail}`)
    if (outcome.driverBusy > busyMax)
      console.log(`  The driver itself was ${(outcome.driverBusy * 100).toFixed(0)} % of a core: it may be the limit.`)
  }
}

function against({ base, ratio, target }) {
  if (ratio === undefined) return ''
  return ` against ${base}: ${ratio.toFixed(2)}${target ? ` (target ${targetText(target)})` : ''}`
}

/** The table of all that was measured, as Markdown. */
export function printTable(outcomes) {
  console.log('\n| what | product | against | ratio | target | |\n|---|---|---|---|---|---|')
  for (const outcome of outcomes) console.log(rowOf(outcome))
}

export function rowOf({ what, product = '', base = '', ratio, target, met, error }) {
  const verdict = error ? 'FAILED' : met === undefined ? '' : met ? 'met' : 'missed'
  return `| ${what} | ${product} | ${base} | ${ratio?.toFixed(2) ?? ''} | ${target ? targetText(target) : ''} | ${verdict} |`
}

const targetText = ({ min, max }) => (min === undefined ? `≤ ${max}` : `≥ ${min}`)
