import { setTimeout as delay } from 'node:timers/promises'
import type { Chat } from '../chat.js'
import { isUnavailable } from '../faults.js'
import { announce } from './announce.js'
import { countAttempt, deleteAnnouncements, isAnythingLeft, listLeft, tryRelayLock, type LeftRow } from './outbox.sql.js'
import type { ConfirmingPublisher } from './publisher.js'

const intervalMs = 300
// Whoever is behind has to take its turn before its people hear at once what is said again.
const behindIntervalMs = 50
// A writer tells within milliseconds; older rows are of one that died, or of an outage.
const leftAfterMs = 2000
const batchMax = 200
// Nobody else may tell meanwhile: a Redis that swallows everything, for this process alone, must not silence all of them.
const confirmedWithinMs = 1000
// While others write there is always something in the table: with no more than this the process has caught up.
const nearlyNothing = 50

/**
 * Tells what writers left in the outbox. Every process runs one; a lock lets one at a time work, so that the order is kept. A row that
 * fails three times for another reason than an outage is left in the table, for people to look at, and holds nothing up.
 * @returns what stops it.
 */
export function startOutboxRelay(chat: Chat): () => void {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const plan = (isTold: boolean) => {
    if (!isStopped) timer = setTimeout(run, chat.outbox.isBehind && isTold ? behindIntervalMs : intervalMs)
  }
  const run = () =>
    void relay(chat)
      .catch((error: unknown) => {
        chat.log.debug({ err: error }, 'the outbox relay waits')
        return false
      })
      .then(plan)
  plan(true)
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}

/** Gives false when Redis did not take what was to be told. */
async function relay(chat: Chat): Promise<boolean> {
  // While this process is behind, all that it writes waits for a relay: rows are taken as soon as they are there.
  const olderThanMs = chat.outbox.isBehind ? 0 : leftAfterMs
  if (!(await isAnythingLeft(chat.db, olderThanMs))) {
    chat.outbox.caughtUp()
    return true
  }
  // Whoever cannot publish must not keep the lock from those who can.
  if (!chat.events.canPublish()) return false
  return chat.db.transaction().execute(async (tx) => {
    return !(await tryRelayLock(tx)) || tellAll(chat, () => listLeft(tx, olderThanMs, batchMax))
  })
}

async function tellAll(chat: Chat, next: () => Promise<LeftRow[]>): Promise<boolean> {
  for (;;) {
    const rows = await next()
    // From here on this process tells again itself; what it wrote until now is in these rows, or in those of the last look.
    const isLast = rows.length <= nearlyNothing
    if (isLast) chat.outbox.caughtUp()
    if (!(await tellRows(chat, rows))) return false
    if (isLast) return tellRows(chat, await next())
  }
}

/** Tells rows in their order and deletes them; false when Redis did not take them: then they and all others wait. */
async function tellRows(chat: Chat, rows: readonly LeftRow[]): Promise<boolean> {
  const events = chat.events.confirming()
  const told: string[] = []
  for (const run of runsOf(rows)) told.push(...(await tellRun(chat, events, run)))
  try {
    await Promise.race([events.confirmed(), tooLate()])
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

async function tooLate(): Promise<never> {
  await delay(confirmedWithinMs, undefined, { ref: false })
  throw new Error('Redis did not confirm in time')
}

/**
 * Rows that can be told without a question between them, in their order: telling anything but messages asks the database, and what was loaded
 * before that may be deleted by the time it is told.
 */
function runsOf(rows: readonly LeftRow[]): LeftRow[][] {
  const runs: LeftRow[][] = []
  for (const row of rows) {
    const last = runs.at(-1)
    if (last && [...last.slice(-1), row].every(({ announcement }) => announcement.kind === 'messages')) last.push(row)
    else runs.push([row])
  }
  return runs
}

/** Gives the ids of what was told. Messages that follow each other are read in one query: row by row, a relay would not keep up with those who write. */
async function tellRun(chat: Chat, events: ConfirmingPublisher, run: readonly LeftRow[]): Promise<string[]> {
  if (run.length > 1) {
    const at = run.flatMap(({ announcement }) => (announcement.kind === 'messages' ? announcement.at : []))
    try {
      await announce({ ...chat, events }, { kind: 'messages', at })
      return run.map(({ id }) => id)
    } catch (error) {
      if (isUnavailable(error)) throw error
      // One bad row must not hold up the others: each for itself then.
    }
  }
  const told: string[] = []
  for (const row of run) if (await tellRow(chat, events, row)) told.push(row.id)
  return told
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
