import type pg from 'pg'
import type { History } from '../history.js'

/** C13: every acknowledged deletion has exactly one row in the audit. */
export async function checkAudit(history: History, database: pg.Pool): Promise<string[]> {
  const ids = [...history.deletions.keys()]
  const statement = `select message_id as id, count(*)::int as rows from audit_log
    where action = 'message_deleted' and message_id = any($1) group by message_id`
  const { rows } = await database.query<{ id: string; rows: number }>(statement, [ids])
  const counts = new Map(rows.map(({ id, rows }) => [id, rows]))
  return ids.flatMap((id) => (counts.get(id) === 1 ? [] : [`C13 the deletion of ${id} has ${counts.get(id) ?? 0} rows in the audit`]))
}
