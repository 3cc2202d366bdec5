import type { Scene } from '../cases/fault-case.js'
import { checkCounts, checkDeletions, checkReceipts } from './check-contents.js'
import { checkAudit } from './check-audit.js'
import { checkPresence } from './check-presence.js'
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
export async function checkAll({ cluster, population }: Scene): Promise<Verdict[]> {
  await cluster.healthy()
  const { history } = population
  const state = await readEndState(cluster.stores.database, population)
  const deletions = await checkDeletions(population, state, cluster.stores.database)
  return [
    { rule: 'C1', problems: checkAcknowledged(history, state) },
    { rule: 'C2', problems: checkOthers(history, state) },
    { rule: 'C3', problems: await checkRetries(population) },
    { rule: 'C4', problems: [...checkOrder(state), ...checkSenderOrder(history)] },
    { rule: 'C5', problems: checkKnowledge(population, state) },
    { rule: 'C6', problems: [...history.violations, ...deletions] },
    { rule: 'C8', problems: checkReceipts(population, state) },
    { rule: 'C9', problems: checkCounts(population, state) },
    { rule: 'C12', problems: (await checkPresence(population)).problems },
    { rule: 'C13', problems: await checkAudit(history, cluster.stores.database) },
    { rule: 'C11', problems: checkServices(cluster, history) },
  ]
}
