import { CannotRun, type FaultCase, type Scene } from './cases/fault-case.js'
import { checkNews } from './checker/check-news.js'
import { checkPushed } from './checker/check-pushes.js'
import { checkKnowledge } from './checker/check-readers.js'
import { checkServices } from './checker/check-services.js'
import { listStored } from './checker/end-state.js'
import { listConversations } from './checker/stored-conversations.js'
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
// They are judged by whether they come: what a killed worker had begun to decide waits for 10 s, and a slow machine decides thousands slowly.
const pushedWithinMs = 90_000

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
  const unpushed = lost.length === 0 ? await awaitPushes(scene) : []
  const thrown = 'thrown' in ended ? [ended.thrown] : []
  const problems = [...thrown, ...lost, ...unpushed, ...problemsSoFar(scene).slice(before.problems)]
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
  const { database } = cluster.stores
  const ids = [...population.members.keys()]
  let missing: string[] = []
  await until(async () => {
    const messages = await listStored(database, ids)
    missing = checkKnowledge(population, messages)
    if (missing.length === 0) missing = checkNews(population, { messages, conversations: await listConversations(database, ids) })
    return missing.length === 0
  }, convergesWithinMs)
  return missing
}

/** Waits until who has no connection has their pushes. Gives those that do not come. */
async function awaitPushes({ cluster, population }: Scene): Promise<string[]> {
  const stored = await listStored(cluster.stores.database, [...population.absentee.since.keys()])
  let missing: string[] = []
  await until(() => (missing = checkPushed(population, stored)).length === 0, pushedWithinMs)
  return missing
}

function problemsSoFar({ cluster, population }: Scene): string[] {
  return [...population.history.violations, ...checkServices(cluster, population.history)]
}
