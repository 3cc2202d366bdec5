import type pg from 'pg'

/** Every row of every table of the database, as text; bytes in hexadecimal. */
export async function everythingInPostgres(database: pg.Pool): Promise<string> {
  const { rows: tables } = await database.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'm') order by 1`,
  )
  const held = await Promise.all(
    tables.map(async ({ name }) =>
      (await database.query<{ row: string }>(`select t::text as row from ${name} t`)).rows.map(({ row }) => row),
    ),
  )
  return held.flat().join('\n')
}
