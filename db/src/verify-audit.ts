import { createHash } from 'node:crypto'
import type pg from 'pg'
import { withClient } from './with-client.js'

/** What is wrong with a link or a row. `row_unsealed`: a row that lies behind the head without ever having been chained. */
export type AuditBreach = 'link_missing' | 'row_missing' | 'row_changed' | 'row_unsealed' | 'head_differs'

/** The last link of a chain; kept elsewhere it proves later that nothing was cut off or written anew. */
export interface AuditHead {
  position: number
  /** Hexadecimal. */
  hash: string
}

export interface AuditVerdict {
  /** Links that were looked at. */
  links: number
  head: AuditHead
  /** Rows that wait for the sealer: of the last second, or of a time in which none ran. */
  waiting: number
  /** The first thing that is wrong; absent: nothing is. */
  broken?: { breach: AuditBreach; position: number | null; auditId: string | null }
}

const pageSize = 2000

interface LinkRow {
  position: string
  audit_id: string
  hash: Buffer
  id: string | null
  parts: (string | null)[]
}

/**
 * Computes the whole chain of the audit log anew and compares, in one snapshot, without a word of what the rows say leaving the process.
 * @param known a head that was noted before: the chain must still lead through it.
 */
export async function verifyAudit(databaseUrl: string, known?: AuditHead): Promise<AuditVerdict> {
  return withClient(databaseUrl, async (client) => {
    await client.query('begin isolation level repeatable read read only')
    return verify(client, known)
  })
}

async function verify(client: pg.Client, known: AuditHead | undefined): Promise<AuditVerdict> {
  const walked = await walkChain(client, known)
  const { unsealed, waiting } = await findUnchained(client)
  const verdict = { links: walked.head.position, head: walked.head, waiting }
  if (walked.broken) return { ...verdict, broken: walked.broken }
  if (unsealed !== null) return { ...verdict, broken: { breach: 'row_unsealed', position: null, auditId: unsealed } }
  if (known && walked.head.position < known.position)
    return { ...verdict, broken: { breach: 'head_differs', position: known.position, auditId: null } }
  return verdict
}

async function walkChain(client: pg.Client, known: AuditHead | undefined): Promise<Pick<AuditVerdict, 'head' | 'broken'>> {
  let head: AuditHead = { position: 0, hash: '' }
  for (;;) {
    const rows = await readLinks(client, head.position)
    for (const row of rows) {
      const breach = judge(row, head)
      const next = { position: Number(row.position), hash: row.hash.toString('hex') }
      if (breach) return { head, broken: { breach, position: head.position + 1, auditId: breach === 'link_missing' ? null : row.audit_id } }
      if (known?.position === next.position && known.hash !== next.hash)
        return { head, broken: { breach: 'head_differs', position: next.position, auditId: row.audit_id } }
      head = next
    }
    if (rows.length < pageSize) return { head }
  }
}

function judge(row: LinkRow, previous: AuditHead): AuditBreach | undefined {
  if (Number(row.position) !== previous.position + 1) return 'link_missing'
  if (row.id === null) return 'row_missing'
  return hashOf(row, previous).equals(row.hash) ? undefined : 'row_changed'
}

/** As `chat_seal_audit` computes it. */
function hashOf({ position, parts }: LinkRow, previous: AuditHead): Buffer {
  const text = parts.map((part) => (part === null ? '-' : `${Buffer.byteLength(part)}:${part}`)).join(',')
  return createHash('sha256').update(`${previous.hash},${position},${text}`).digest()
}

async function readLinks(client: pg.Client, after: number): Promise<LinkRow[]> {
  const { rows } = await client.query<LinkRow>(
    `select c.position, c.audit_id, c.hash, a.id, array[
       a.id::text, to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), a.actor_id::text, a.subject_id::text, a.action,
       a.conversation_id::text, a.message_id::text, a.reason, a.request_id, a.details::text, a.written_xid::text] as parts
     from audit_chain c left join audit_log a on a.id = c.audit_id
     where c.position > $1 order by c.position limit ${pageSize}`,
    [after],
  )
  return rows
}

/** Rows without a link: behind the head they were put in by hand, in front of it they wait. */
async function findUnchained(client: pg.Client): Promise<{ unsealed: string | null; waiting: number }> {
  const { rows } = await client.query<{ unsealed: string | null; waiting: string }>(`
    with head as (select written_xid, audit_id from audit_chain order by position desc limit 1),
    unchained as (
      select a.id, (a.written_xid, a.id) <= (head.written_xid, head.audit_id) as is_behind
      from audit_log a left join head on true
      where not exists (select from audit_chain c where c.audit_id = a.id)
    )
    select min(id) filter (where is_behind) as unsealed, count(*) filter (where is_behind is not true) as waiting from unchained`)
  const [row] = rows
  return { unsealed: row?.unsealed ?? null, waiting: Number(row?.waiting ?? 0) }
}
