import type pg from 'pg'
import { inTransaction } from './in-transaction.js'
import { dropMirror } from './mirror.js'

/** The table that is to take the place of `messages`, while it is called `messages_next`. */
export interface NextTable {
  /** Of both tables, in their order, for a list in SQL. */
  columns: string
  /** Those that are not the key, each by itself. */
  columnsBesideKey: readonly string[]
  /** What the indexes are called now, and what they will be called. */
  indexes: readonly { name: string; finalName: string }[]
}

/** Makes it with everything that `messages` has but rows and triggers. Nobody waits for it. */
export async function createNextTable(client: pg.Client, parts: number): Promise<NextTable> {
  const columns = await listColumns(client)
  const old = await listIndexes(client)
  const indexes = old.map(({ name }, n) => ({ name: `messages_next_${n}`, finalName: name }))
  await inTransaction(client, async () => {
    await client.query(
      `create table messages_next (like messages including all excluding indexes)${parts > 1 ? ' partition by hash (conversation_id)' : ''}`,
    )
    if (parts > 1) await client.query(partitions(parts).join(';\n'))
    for (const [n, index] of old.entries()) await client.query(indexText(index, `messages_next_${n}`))
    await client.query(`${revokeDefaults}; ${copyComment}`)
    for (const grant of await listGrants(client)) await client.query(grant)
  })
  return {
    columns: columns.join(', '),
    columnsBesideKey: columns.filter((column) => !['conversation_id', 'seq'].includes(column)),
    indexes,
  }
}

/** Removes what an earlier run left: the triggers, then the table. */
export async function dropNextTable(client: pg.Client): Promise<void> {
  await inTransaction(client, async () => {
    await client.query(dropMirror)
    await client.query('drop table if exists messages_next')
  })
}

/** With the number of parts in the names: those of another number may be there at the same time. */
function partitions(parts: number): string[] {
  return Array.from(
    { length: parts },
    (_, n) =>
      `create table messages_${parts}_${String(n).padStart(String(parts - 1).length, '0')} partition of messages_next
       for values with (modulus ${parts}, remainder ${n})`,
  )
}

async function listColumns(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(attname) as name from pg_attribute
     where attrelid = 'public.messages'::regclass and attnum > 0 and not attisdropped order by attnum`,
  )
  return rows.map(({ name }) => name)
}

interface IndexRow {
  name: string
  definition: string
  /** Of the constraint that the index stands for. */
  constraint: string | null
  comment: string | null
}

/**
 * The partial one last: between indexes that look equally dear, as all do on an empty partition, PostgreSQL takes the youngest that it can use, and
 * the look-up of a client id would walk through its conversation by another one.
 */
async function listIndexes(client: pg.Client): Promise<IndexRow[]> {
  const { rows } = await client.query<IndexRow>(`
    select c.relname as name, pg_get_indexdef(i.indexrelid) as definition, pg_get_constraintdef(k.oid) as constraint,
      quote_literal(obj_description(i.indexrelid, 'pg_class')) as comment
    from pg_index i join pg_class c on c.oid = i.indexrelid
    left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u')
    where i.indrelid = 'public.messages'::regclass order by i.indpred is not null, i.indexrelid`)
  return rows
}

function indexText({ definition, constraint, comment }: IndexRow, name: string): string {
  const made = constraint
    ? `alter table messages_next add constraint ${name} ${constraint}`
    : definition.replace(/^(CREATE (?:UNIQUE )?INDEX) .+? ON (?:ONLY )?.+? USING /, `$1 ${name} ON messages_next USING `)
  return comment === null ? made : `${made}; comment on index ${name} is ${comment}`
}

// What `alter default privileges` gives to every new table is not what this one had.
const revokeDefaults = `
  do $$
  declare
    given record;
  begin
    for given in
      select distinct c.oid::regclass as name, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
      from pg_class c cross join aclexplode(c.relacl) a
      where (c.oid = 'messages_next'::regclass or c.oid in (select inhrelid from pg_inherits where inhparent = 'messages_next'::regclass))
        and a.grantee <> c.relowner
    loop
      execute format('revoke all on %s from %s', given.name, given.grantee);
    end loop;
  end $$`

const copyComment = `
  do $$
  begin
    execute format('comment on table messages_next is %L', obj_description('public.messages'::regclass, 'pg_class'));
  end $$`

/** Of the table and of single columns. The partitions get none: who may use the table may use them through it, and in no other way. */
async function listGrants(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ statement: string }>(`
    with given as (
      select a.*, '' as of_column from pg_class c cross join aclexplode(c.relacl) a where c.oid = 'public.messages'::regclass
      union all
      select a.*, format(' (%I)', t.attname) from pg_attribute t cross join aclexplode(t.attacl) a where t.attrelid = 'public.messages'::regclass
    )
    select format('grant %s%s on messages_next to %s%s', privilege_type, of_column,
      case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
      case when is_grantable then ' with grant option' else '' end) as statement
    from given`)
  return rows.map(({ statement }) => statement)
}
