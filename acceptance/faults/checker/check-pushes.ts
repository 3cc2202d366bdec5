import { sendUntilAcknowledged } from '../clients/send-until-acknowledged.js'
import type { Scene } from '../cases/fault-case.js'
import type { Population } from '../clients/population.js'
import { until } from '../until.js'
import type { StoredMessage } from './end-state.js'

/** C10: whoever is absent got a push of the newest message of each conversation. What was replaced by a newer one, or deleted, needs none. */
export function checkPushed({ absentee, history }: Population, stored: ReadonlyMap<string, readonly StoredMessage[]>): string[] {
  const pushed = new Set(history.pushes.filter(({ userId }) => userId === absentee.account.id).map(({ messageId }) => messageId))
  return [...absentee.since].flatMap(([conversationId, since]) => {
    const newest = stored.get(conversationId)?.findLast(({ message_type }) => message_type !== 'system')
    const isDue = newest && !newest.is_deleted && (history.sends.get(newest.client_message_id ?? '')?.invokedAt ?? 0) > since
    return isDue && !pushed.has(newest.id)
      ? [`C10 nobody pushed seq ${newest.seq} of ${conversationId}, the newest, to somebody absent`]
      : []
  })
}

const pushedWithinMs = 60_000

/** C10: while nothing is broken, whoever is absent gets a push of a message, and whoever has joined and confirms its delivery none. */
export async function checkCalmPushes({ cluster, population, random }: Scene): Promise<string[]> {
  const { absentee, accounts, history, members, deviceOf } = population
  const [joined] = accounts
  const conversationId = [...absentee.since.keys()].find((id) => members.get(id)?.has(joined?.id ?? ''))
  const sender = [...(members.get(conversationId ?? '') ?? [])].find((userId) => userId !== joined?.id)
  if (!joined || conversationId === undefined || sender === undefined) return ['C10 nobody is where a push could be expected']
  const { acked } = await sendUntilAcknowledged(deviceOf(sender), { history, random, conversationId, turn: 0, door: 'rest' })
  const gotIt = (userId: string) => history.pushes.some((push) => push.messageId === acked?.id && push.userId === userId)
  const isDecided = async () => {
    const open = `select 1 from push_intents union all select 1 from push_jobs where seq is not null and message_id is not null`
    return gotIt(absentee.account.id) && (await cluster.stores.database.query(open)).rowCount === 0
  }
  const tookMs = await until(isDecided, pushedWithinMs)
  return [
    ...(tookMs === undefined ? [`C10 a push of ${acked?.id} did not reach somebody absent, or others wait`] : []),
    ...(gotIt(joined.id) ? [`C10 somebody who had joined and confirmed got a push of ${acked?.id}`] : []),
  ]
}
