import type pg from 'pg'

const wanted = ['id', 'email', 'first_name', 'last_name', 'avatar_url', 'role', 'is_active', 'fcm_token', 'created_at', 'updated_at']
/** What stands for nothing in columns that have to have a value here. */
const instead: Record<string, string> = { first_name: "''", last_name: "''", is_active: 'true', created_at: 'now()', updated_at: 'now()' }
const pageSize = 5000

/** Adds the people whom the target does not have, and where their pushes go. Gives how many were added; whoever's email is another's here is not. */
export async function movePeople(source: pg.Client, target: pg.Client): Promise<number> {
  const columns = await columnsOf(source)
  let added = 0
  for (let after: string | null = null; ;) {
    const { rows }: pg.QueryResult<{ id: string }> = await source.query(
      `select ${columns.map(selected).join(', ')} from users where $1::uuid is null or id > $1 order by id limit ${pageSize}`,
      [after],
    )
    if (rows.length === 0) return added
    added += await addPeople(target, columns, rows)
    after = rows.at(-1)?.id ?? null
  }
}

/** The platform's table may have fewer columns, and always has more. */
async function columnsOf(source: pg.Client): Promise<string[]> {
  const { rows } = await source.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_name = 'users' and table_schema = any(current_schemas(false))`,
  )
  return wanted.filter((column) => rows.some(({ name }) => name === column))
}

const selected = (column: string) => (instead[column] ? `coalesce(${column}, ${instead[column]}) as ${column}` : column)

async function addPeople(target: pg.Client, columns: string[], rows: readonly object[]): Promise<number> {
  const people = JSON.stringify(rows)
  const { rowCount } = await target.query(
    `insert into users (${columns.join(', ')}) select ${columns.join(', ')} from json_populate_recordset(null::users, $1)
     on conflict do nothing`,
    [people],
  )
  await target.query(
    `insert into devices (fcm_token, user_id)
     select distinct on (p.fcm_token) p.fcm_token, p.id from json_populate_recordset(null::users, $1) p join users using (id)
     where p.fcm_token is not null on conflict do nothing`,
    [people],
  )
  return rowCount ?? 0
}
