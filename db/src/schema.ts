import type pg from 'pg'

/**
 * The schema of a migrated database as SQL, read from PostgreSQL's own catalog: the same text for the same schema, whatever the order in
 * which it was made. Tables, views and functions by name; the migrator's bookkeeping is left out, and so are partitions, which have what their
 * table has. What `pg_dump` would tell, without needing it.
 */
export async function readSchema(client: pg.ClientBase): Promise<string> {
  const tables = await listTables(client)
  const views = await listViews(client)
  const functions = await listFunctions(client)
  return `${[header, ...tables.map(tableText), ...views.map(viewText), ...functions].join('\n\n')}\n`
}

const header = '-- What the migrations make. Written by `pnpm generate`, compared by a test: do not edit.'

interface TableRow {
  name: string
  options: string[] | null
  partition_key: string | null
  comment: string | null
  columns: string[]
  constraints: string[] | null
  indexes: string[] | null
  triggers: string[] | null
}

async function listTables(client: pg.ClientBase): Promise<TableRow[]> {
  const { rows } = await client.query<TableRow>(`
    select c.relname as name, c.reloptions as options, pg_get_partkeydef(c.oid) as partition_key,
      quote_literal(obj_description(c.oid, 'pg_class')) as comment,
      (select array_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
           || case when a.attidentity = 'a' then ' GENERATED ALWAYS AS IDENTITY' else '' end
           || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
           || case when a.attnotnull then ' NOT NULL' else '' end order by a.attnum)
         from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      (select array_agg(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid))
           order by array_position('{p,u,c,f}', k.contype::text), k.conname)
         from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'c', 'f')) as constraints,
      (select array_agg(replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') order by i.indexrelid::regclass::text collate "C")
         from pg_index i where i.indrelid = c.oid
           and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))) as indexes,
      (select array_agg(pg_get_triggerdef(t.oid) order by t.tgname) from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal) as triggers
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname not like 'chat\\_migrations%'
    order by c.relname collate "C"`)
  return rows
}

function tableText({ name, options, partition_key, comment, columns, constraints, indexes, triggers }: TableRow): string {
  const lines = [...columns, ...(constraints ?? [])].map((line) => `  ${line}`).join(',\n')
  return [
    `CREATE TABLE ${name} (\n${lines}\n)${partition_key === null ? '' : ` PARTITION BY ${partition_key}`}${options ? ` WITH (${options.join(', ')})` : ''};`,
    ...(comment === null ? [] : [`COMMENT ON TABLE ${name} IS ${comment};`]),
    ...[...(indexes ?? []), ...(triggers ?? [])].map((statement) => `${statement};`),
  ].join('\n')
}

interface ViewRow {
  name: string
  definition: string
}

async function listViews(client: pg.ClientBase): Promise<ViewRow[]> {
  const { rows } = await client.query<ViewRow>(`
    select c.relname as name, pg_get_viewdef(c.oid, true) as definition from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' order by c.relname collate "C"`)
  return rows
}

async function listFunctions(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ definition: string }>(`
    select pg_get_functiondef(p.oid) as definition from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname like 'chat\\_%' order by p.proname collate "C"`)
  return rows.map(({ definition }) => `${definition.trim()};`)
}

const viewText = ({ name, definition }: ViewRow) => `CREATE VIEW ${name} AS\n${definition}`
