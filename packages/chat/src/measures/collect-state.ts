import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'
import type pg from 'pg'
import type { Measures } from './metrics.js'

/** What is read at the moment when somebody looks, rather than told as it happens. */
export interface StateSources {
  db: Kysely<Tables>
  pool: pg.Pool
  poolMax: number
  /** Sends that wait for their flush. */
  waitingSends(): number
}

// Deeper than this it is an outage in any case, and counting a backlog must not add to it.
const countedMax = 10_000

/** Tells the state of the domain. While the database is away the outbox keeps its last figures. Never rejects. */
export async function collectState({ db, pool, poolMax, waitingSends }: StateSources, measures: Measures): Promise<void> {
  measures.sendsWaiting(waitingSends())
  measures.poolMax(poolMax)
  measures.poolConnections(pool.totalCount - pool.idleCount, { state: 'busy' })
  measures.poolConnections(pool.idleCount, { state: 'idle' })
  measures.poolConnections(pool.waitingCount, { state: 'waiting' })
  await collectOutbox(db, measures).catch(() => undefined)
  await collectPushes(db, measures).catch(() => undefined)
}

async function collectPushes(db: Kysely<Tables>, measures: Measures): Promise<void> {
  const { rows } = await sql<{ rows: number; age: number }>`
    select count(*)::int as rows, coalesce(extract(epoch from clock_timestamp() - min(due_at)), 0)::float8 as age
    from (select due_at from push_jobs where seq is not null order by due_at limit ${countedMax}) as oldest`.execute(db)
  measures.pushQueueRows(rows[0]?.rows ?? 0)
  measures.pushQueueAgeSeconds(Math.max(0, rows[0]?.age ?? 0))
}

async function collectOutbox(db: Kysely<Tables>, measures: Measures): Promise<void> {
  const { rows } = await sql<{ rows: number; stuck: number; age: number }>`
    select count(*)::int as rows, count(*) filter (where attempts >= 3)::int as stuck,
      coalesce(extract(epoch from clock_timestamp() - min(created_at) filter (where attempts < 3)), 0)::float8 as age
    from (select attempts, created_at from outbox order by id limit ${countedMax}) as oldest`.execute(db)
  const [state] = rows
  if (!state) return
  measures.outboxRows(state.rows)
  measures.outboxStuckRows(state.stuck)
  measures.outboxAgeSeconds(Math.max(0, state.age))
}
