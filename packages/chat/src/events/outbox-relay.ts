import type { Chat } from '../chat.js'
import { isUnavailable } from '../faults.js'
import { announce } from './announce.js'
import { countAttempt, deleteAnnouncements, isAnythingLeft, listLeft, tryRelayLock, type LeftRow } from './outbox.sql.js'
import type { ConfirmingPublisher } from './publisher.js'

const intervalMs = 500
// A writer tells within milliseconds; older rows are of one that died, or of an outage.
const leftAfterMs = 2000
const batchMax = 200
// While others write there is always something in the table: with no more than this the process has caught up.
const nearlyNothing = 50

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
  // While this process is behind, all that it writes waits for a relay: rows are taken as soon as they are there.
  const olderThanMs = chat.outbox.isBehind ? 0 : leftAfterMs
  if (!(await isAnythingLeft(chat.db, olderThanMs))) return chat.outbox.caughtUp()
  await chat.db.transaction().execute(async (tx) => {
    if (await tryRelayLock(tx)) await tellAll(chat, () => listLeft(tx, olderThanMs, batchMax))
  })
}

async function tellAll(chat: Chat, next: () => Promise<LeftRow[]>): Promise<void> {
  for (;;) {
    const rows = await next()
    // From here on this process tells again itself; what it wrote until now is in these rows, or in those of the last look.
    const isLast = rows.length <= nearlyNothing
    if (isLast) chat.outbox.caughtUp()
    if (!(await tellRows(chat, rows))) return
    if (isLast) return void (await tellRows(chat, await next()))
  }
}

/** Tells rows in their order and deletes them; false when Redis did not take them: then they and all others wait. */
async function tellRows(chat: Chat, rows: readonly LeftRow[]): Promise<boolean> {
  const events = chat.events.confirming()
  const told: string[] = []
  for (const row of rows) if (await tellRow(chat, events, row)) told.push(row.id)
  try {
    await events.confirmed()
  } catch {
    chat.outbox.fellBehind()
    return false
  }
  if (told.length === 0) return true
  await deleteAnnouncements(chat.db, told)
  chat.measures.outboxRelayed(told.length)
  chat.log.info({ rows: told.length, first: told[0], last: told.at(-1) }, 'told what a writer had left in the outbox')
  return true
}

async function tellRow(chat: Chat, events: ConfirmingPublisher, row: LeftRow): Promise<boolean> {
  try {
    await announce({ ...chat, events }, row.announcement)
    return true
  } catch (error) {
    if (isUnavailable(error)) throw error
    chat.log.error({ err: error, outboxId: row.id, kind: row.announcement.kind }, 'something could not be told')
    await countAttempt(chat.db, row.id)
    return false
  }
}
