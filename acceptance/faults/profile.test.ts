import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allCases } from './cases/all-cases.js'
import type { Scene } from './cases/fault-case.js'
import { checkAll } from './checker/check-all.js'
import { openPopulation } from './clients/population.js'
import { startCluster } from './cluster/cluster.js'
import { Random } from './random.js'
import { formatReports, formatTotals } from './report.js'
import { runCase, type CaseReport } from './run-case.js'

const seed = Number(process.env.FAULT_SEED ?? 20261122)
const only = process.env.FAULT_CASES?.split(',')
const cases = new Random(seed).shuffled(allCases.filter(({ id, wholeRunOnly }) => (only ? only.includes(id) : !wholeRunOnly)))

let scene: Scene
const reports: CaseReport[] = []
beforeAll(async () => {
  console.log(`Fault profile, seed ${seed} (FAULT_SEED repeats it; FAULT_CASES=F20,F45 chooses)`)
  const random = new Random(seed)
  const cluster = await startCluster()
  scene = { cluster, random, population: await openPopulation(cluster, random) }
}, 120_000)
afterAll(async () => {
  const { acked, deliveries, syncs } = scene.population.history
  const problems = reports.flatMap((report) => report.problems)
  const totals = { sends: acked.length, deliveries, catchUps: syncs, reports, problems }
  console.log(`${formatReports(reports)}\n${formatTotals(totals)}`)
  await scene.population.close()
  await scene.cluster.close()
}, 60_000)

describe.sequential('everybody sends while', () => {
  for (const fault of cases)
    test(`${fault.id} ${fault.title}`, { timeout: 120_000 }, async () => {
      const report = await runCase(scene, fault)
      reports.push(report)
      expect(report.problems.slice(0, 12)).toEqual([])
    })
})

describe.sequential('afterwards', () => {
  const verdicts = new Map<string, readonly string[]>()
  beforeAll(async () => {
    for (const { rule, problems } of await checkAll(scene)) verdicts.set(rule, problems)
  }, 90_000)

  test.each([
    ['C1', 'what was acknowledged is stored exactly once, byte for byte'],
    ['C2', 'what was refused is nowhere, and nothing is there that nobody sent'],
    ['C3', 'a send of unknown outcome, tried once more, gives the same message'],
    ['C4', 'order is one for all, without gaps, and each sender finds their own'],
    ['C5', 'every device knows what is stored, and nothing else'],
    ['C6', 'and C7: nobody heard what was not, or no longer, for them'],
    ['C8', 'receipts are sets, and none is lost'],
    ['C9', 'counters say what counting gives'],
    ['C10', 'whoever is absent got pushes, and nobody who should not'],
    ['C11', 'no process ended by itself and no answer was a fault of ours'],
    ['C12', 'presence is true within 30 s'],
    ['C13', 'every deletion is in the audit once'],
  ])('%s %s', (rule) => {
    expect(verdicts.get(rule)).toEqual([])
  })
})
