import { CannotRun, type FaultCase, type Scene } from './cases/fault-case.js'
import { checkKnowledge } from './checker/check-readers.js'
import { checkServices } from './checker/check-services.js'
import { readStored } from './checker/end-state.js'
import { startLoad } from './clients/load.js'
import { until, requireSoon } from './until.js'

/** How a case went. */
export interface CaseReport {
  id: string
  title: string
  sends: number
  deliveries: number
  /** From the end of the fault until everything was acknowledged and every device knew all of it, by itself. */
  recoveryMs: number
  /** What went wrong; none when nothing did. */
  problems: string[]
  /** Why the machine did not let the fault be made. */
  notRun?: string
  /** What the case measured, for people. */
  measured?: string
}

const convergesWithinMs = 20_000

/** Runs one fault while everybody sends, mends it, lets nothing new be sent, and waits until every device knows everything. */
export async function runCase(scene: Scene, fault: FaultCase): Promise<CaseReport> {
  const { cluster, population, random } = scene
  const { history } = population
  const before = { sends: history.acked.length, deliveries: history.deliveries, problems: problemsSoFar(scene).length }
  const load = fault.quiet ? undefined : startLoad(population, random.fork())
  const isUnderLoad = () => !load || history.acked.length >= before.sends + population.accounts.length
  await requireSoon(isUnderLoad, 20_000, 'nothing could be sent before the fault')
  const ended = await fault.run(scene).then(
    (measured) => (measured === undefined ? {} : { measured }),
    (error: unknown) => (error instanceof CannotRun ? { notRun: error.message } : { thrown: String(error) }),
  )
  const healedAt = performance.now()
  await load?.stop()
  const lost = await converge(scene)
  const recoveryMs = Math.round(performance.now() - healedAt)
  const thrown = 'thrown' in ended ? [ended.thrown] : []
  const problems = [...thrown, ...lost, ...problemsSoFar(scene).slice(before.problems)]
  await cluster.healthy().catch((error: unknown) => problems.push(String(error)))
  return {
    id: fault.id,
    title: fault.title,
    sends: history.acked.length - before.sends,
    deliveries: history.deliveries - before.deliveries,
    recoveryMs,
    problems,
    ...('notRun' in ended && { notRun: ended.notRun }),
    ...('measured' in ended && { measured: ended.measured }),
  }
}

/** Waits until every device has what is stored. Gives what is missing when that does not come. */
async function converge({ cluster, population }: Scene): Promise<string[]> {
  const ids = [...population.members.keys()]
  let missing: string[] = []
  await until(async () => {
    missing = checkKnowledge(population, await readStored(cluster.stores.database, ids))
    return missing.length === 0
  }, convergesWithinMs)
  return missing
}

function problemsSoFar({ cluster, population }: Scene): string[] {
  return [...population.history.violations, ...checkServices(cluster, population.history)]
}
