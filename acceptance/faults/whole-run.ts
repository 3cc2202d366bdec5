import { afterAll, beforeAll, expect, test } from 'vitest'
import { allCases } from './cases/all-cases.js'
import type { FaultCase } from './cases/fault-case.js'
import { checkAll } from './checker/check-all.js'
import { openPopulation, type Population } from './clients/population.js'
import { startCluster, type Cluster } from './cluster/cluster.js'
import { Random } from './random.js'
import { formatReports, formatTotals, type Totals } from './report.js'
import { runCase, type CaseReport } from './run-case.js'

// Every round has people and conversations of its own: what is known of a round fits into memory and is judged before the next.
const casesPerRound = 8
const shownMax = 12
const dayMs = 24 * 60 * 60 * 1000

const seed = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000)
const minutes = Number(process.env.FAULT_MINUTES ?? 0)
const chosen = process.env.FAULT_CASES?.split(',')
const cases = allCases.filter(({ id }) => !chosen || chosen.includes(id))

let cluster: Cluster
const totals: Totals = { sends: 0, deliveries: 0, catchUps: 0, reports: [], problems: [] }
beforeAll(async () => {
  console.log(`Seed ${seed}: --seed ${seed} repeats this run`)
  cluster = await startCluster()
}, 120_000)
afterAll(async () => {
  console.log(`${formatReports(totals.reports)}\n${formatTotals(totals)}\nSeed ${seed}`)
  await cluster.close()
}, 60_000)

test('nothing is lost, whatever dies', { timeout: dayMs }, async () => {
  const random = new Random(seed)
  const queue = process.env.FAULT_ALL === '1' ? random.shuffled(cases) : []
  const endsAt = performance.now() + minutes * 60_000
  while (queue.length > 0 || performance.now() < endsAt) {
    const round = queue.splice(0, casesPerRound)
    while (round.length < casesPerRound && performance.now() < endsAt) round.push(random.pick(cases))
    await runRound(round, random, endsAt)
  }
  expect(totals.problems.slice(0, 50)).toEqual([])
})

async function runRound(round: readonly FaultCase[], random: Random, endsAt: number): Promise<void> {
  const population = await openPopulation(cluster, random.fork())
  const scene = { cluster, population, random }
  for (const fault of round) note(await runCase(scene, fault), endsAt)
  for (const { problems } of await checkAll(scene)) totals.problems.push(...problems)
  count(population)
  await population.close()
}

function note(report: CaseReport, endsAt: number): void {
  const left = Math.max(0, Math.round((endsAt - performance.now()) / 1000))
  console.log(
    `${report.id.padEnd(5)} ${report.problems.length === 0 ? (report.notRun ?? 'held') : report.problems.slice(0, shownMax).join('\n      ')}  (${left} s left)`,
  )
  totals.reports.push(report)
  totals.problems.push(...report.problems.map((problem) => `${report.id}: ${problem}`))
}

function count({ history }: Population): void {
  totals.sends += history.acked.length
  totals.deliveries += history.deliveries
  totals.catchUps += history.syncs
}
