import type pg from 'pg'
import { inTransaction } from './in-transaction.js'
import { dropMirror } from './mirror.js'
import type { NextTable } from './next-table.js'

/**
 * Gives `messages_next` the name, the indexes' names, the views and the triggers of `messages`, which goes. Gives for how many milliseconds
 * nobody else could use the table; statements that came meanwhile go on with the new one.
 */
export async function swapTables(client: pg.Client, next: NextTable): Promise<number> {
  return inTransaction(client, async () => {
    await client.query('lock table messages in access exclusive mode')
    const lockedAt = performance.now()
    await client.query(dropMirror)
    await requireSameShape(client, next)
    const dependents = [...(await listViews(client)), ...(await listTriggers(client))]
    await client.query('alter table messages rename to messages_before; alter table messages_next rename to messages')
    for (const statement of dependents) await client.query(statement)
    // Fails, and takes everything back, where something else hangs on it.
    await client.query('drop table messages_before')
    for (const { name, finalName } of next.indexes)
      await client.query(`alter index ${name} rename to ${client.escapeIdentifier(finalName)}`)
    // The commit lets go of the lock first and removes the old files then, which takes longer.
    return performance.now() - lockedAt
  })
}

/** Whoever migrated the table meanwhile migrated the old one only. */
async function requireSameShape(client: pg.Client, { indexes }: NextTable): Promise<void> {
  const shapeOf = (table: string) => `(
    select array_agg(format('%s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) order by a.attnum)
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = '${table}'::regclass and a.attnum > 0 and not a.attisdropped)
    || (select array_agg(format('%s %s', conname, pg_get_constraintdef(oid)) order by conname) from pg_constraint
      where conrelid = '${table}'::regclass and contype = 'c')`
  const { rows } = await client.query<{ same: boolean; indexes: string[] }>(`
    select ${shapeOf('messages')} is not distinct from ${shapeOf('messages_next')} as same,
      (select array_agg(c.relname::text) from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = 'messages'::regclass) as indexes`)
  const [found] = rows
  const isSame =
    found?.same && found.indexes.length === indexes.length && indexes.every(({ finalName }) => found.indexes.includes(finalName))
  if (!isSame)
    throw new Error('Somebody changed the columns, constraints or indexes of messages meanwhile: nothing was done, run it again.')
}

/** Statements that make the views on `messages` anew, on whatever is called so; their rights and comments stay. */
async function listViews(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ statement: string }>(`
    select format('create or replace view %s%s as %s', v.oid::regclass, ' with (' || array_to_string(v.reloptions, ', ') || ')', pg_get_viewdef(v.oid)) as statement
    from pg_class v where v.relkind = 'v' and v.oid in (
      select r.ev_class from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
      where d.refclassid = 'pg_class'::regclass and d.refobjid = 'messages'::regclass)`)
  return rows.map(({ statement }) => statement)
}

async function listTriggers(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ statement: string }>(
    `select pg_get_triggerdef(oid) as statement from pg_trigger where tgrelid = 'messages'::regclass and not tgisinternal`,
  )
  return rows.map(({ statement }) => statement)
}
