import type { Chat } from '../chat.js'
import { isUnavailable } from '../faults.js'
import { announce } from './announce.js'
import { countAttempt, deleteAnnouncements, isAnythingLeft, listLeft, tryRelayLock, type LeftRow } from './outbox.sql.js'

const intervalMs = 500
// A writer tells within milliseconds; older rows are of one that died, or of an outage.
const leftAfterMs = 2000
const batchMax = 200

/**
 * Tells what writers left in the outbox. Every process runs one; a lock lets one at a time work, so that the order is kept. A row that
 * fails three times for another reason than an outage is left in the table, for people to look at, and holds nothing up.
 * @returns what stops it.
 */
export function startOutboxRelay(chat: Chat): () => void {
  let isRunning = false
  const run = () => {
    if (isRunning) return
    isRunning = true
    relay(chat)
      .catch((error: unknown) => chat.log.debug({ err: error }, 'the outbox relay waits'))
      .finally(() => (isRunning = false))
  }
  const timer = setInterval(run, intervalMs)
  return () => clearInterval(timer)
}

async function relay(chat: Chat): Promise<void> {
  // While this process is behind, all that it writes waits for a relay: the rows are taken as soon as they are there.
  const olderThanMs = chat.outbox.isBehind ? 0 : leftAfterMs
  if (await isAnythingLeft(chat.db, olderThanMs)) {
    const isDone = await chat.db.transaction().execute(async (tx) => {
      if (!(await tryRelayLock(tx))) return false
      return tellAll(chat, () => listLeft(tx, olderThanMs, batchMax))
    })
    if (!isDone) return
  }
  chat.outbox.caughtUp()
}

/** Whether all were told. */
async function tellAll(chat: Chat, next: () => Promise<LeftRow[]>): Promise<boolean> {
  for (let rows = await next(); rows.length > 0; rows = await next()) {
    for (const row of rows) if (!(await tellOne(chat, row))) return false
  }
  return true
}

/** False when Redis did not take it: the rest waits as well. */
async function tellOne(chat: Chat, row: LeftRow): Promise<boolean> {
  const events = chat.events.confirming()
  try {
    await announce({ ...chat, events }, row.announcement)
  } catch (error) {
    if (isUnavailable(error)) throw error
    chat.log.error({ err: error, outboxId: row.id, kind: row.announcement.kind }, 'something could not be told')
    await countAttempt(chat.db, row.id)
    return true
  }
  const taken = await events.confirmed().then(
    () => true,
    () => false,
  )
  if (taken) await deleteAnnouncements(chat.db, [row.id])
  return taken
}
