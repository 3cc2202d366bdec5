import type { Scene } from '../cases/fault-case.js'
import { checkCounts, checkDeletions, checkReceipts } from './check-contents.js'
import { checkAudit } from './check-audit.js'
import { checkNews } from './check-news.js'
import { checkPresence } from './check-presence.js'
import { checkCalmPushes, checkPushed } from './check-pushes.js'
import { checkKnowledge, checkOrder } from './check-readers.js'
import { checkAcknowledged, checkOthers, checkRetries, checkSenderOrder } from './check-sends.js'
import { checkServices } from './check-services.js'
import { readEndState } from './end-state.js'

/** What one rule of the checker found. */
export interface Verdict {
  /** Its number; C6 stands for C7 as well. */
  rule: string
  problems: string[]
}

/** Judges the whole history, once the faults are over and every device had time. Ends with some people disconnected. */
export async function checkAll(scene: Scene): Promise<Verdict[]> {
  const { cluster, population } = scene
  await cluster.healthy()
  const { history } = population
  const state = await readEndState(cluster.stores.database, population)
  const deletions = await checkDeletions(population, state, cluster.stores.database)
  const news = checkNews(population, { messages: state.stored, conversations: state.conversations })
  const ofRule = (rule: string) => news.filter((problem) => problem.startsWith(rule))
  return [
    { rule: 'C1', problems: checkAcknowledged(history, state) },
    { rule: 'C2', problems: checkOthers(history, state) },
    { rule: 'C3', problems: await checkRetries(population) },
    { rule: 'C4', problems: [...checkOrder(state), ...checkSenderOrder(history)] },
    { rule: 'C5', problems: [...checkKnowledge(population, state.stored), ...ofRule('C5')] },
    { rule: 'C6', problems: [...history.violations, ...deletions] },
    { rule: 'C8', problems: [...checkReceipts(population, state), ...ofRule('C8')] },
    { rule: 'C9', problems: checkCounts(state) },
    { rule: 'C12', problems: (await checkPresence(population)).problems },
    { rule: 'C10', problems: [...checkPushed(population, state.stored), ...(await checkCalmPushes(scene))] },
    { rule: 'C13', problems: await checkAudit(population, cluster.stores.database) },
    { rule: 'C11', problems: checkServices(cluster, history) },
  ]
}
