import type pg from 'pg'
import type { Population } from '../clients/population.js'

/** C13: every acknowledged deletion, and every acknowledged change of the conversation that changes, has exactly one row in the audit. */
export async function checkAudit({ history, changing }: Population, database: pg.Pool): Promise<string[]> {
  return [
    ...(await checkDeletionRows([...history.deletions.keys()], database)),
    ...(await checkChangeRows(history.changes, changing.conversationId, database)),
  ]
}

async function checkDeletionRows(ids: readonly string[], database: pg.Pool): Promise<string[]> {
  const statement = `select message_id as id, count(*)::int as rows from audit_log
    where action = 'message_deleted' and message_id = any($1) group by message_id`
  const { rows } = await database.query<{ id: string; rows: number }>(statement, [ids])
  const counts = new Map(rows.map(({ id, rows }) => [id, rows]))
  return ids.flatMap((id) => (counts.get(id) === 1 ? [] : [`C13 the deletion of ${id} has ${counts.get(id) ?? 0} rows in the audit`]))
}

async function checkChangeRows(changes: ReadonlyMap<string, number>, conversationId: string, database: pg.Pool): Promise<string[]> {
  const statement = `select action, count(*)::int as rows from audit_log where conversation_id = $1 group by action`
  const { rows } = await database.query<{ action: string; rows: number }>(statement, [conversationId])
  const counts = new Map(rows.map(({ action, rows }) => [action, rows]))
  return [...changes].flatMap(([action, count]) =>
    counts.get(action) === count ? [] : [`C13 ${count} × ${action} was acknowledged, ${counts.get(action) ?? 0} are in the audit`],
  )
}
