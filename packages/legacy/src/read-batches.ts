import type pg from 'pg'

/** Rows of a query in batches, by a cursor: neither side holds all of them. Runs in a transaction of the caller, one cursor at a time. */
export async function* readBatches<T extends pg.QueryResultRow>(
  client: pg.Client,
  query: string,
  values: readonly unknown[] = [],
  rowsPerBatch = 2000,
): AsyncGenerator<T[]> {
  await client.query(`declare batches no scroll cursor for ${query}`, [...values])
  for (;;) {
    const { rows } = await client.query<T>(`fetch ${rowsPerBatch} from batches`)
    if (rows.length > 0) yield rows
    if (rows.length < rowsPerBatch) break
  }
  await client.query('close batches')
}

/** Runs `read` in one snapshot of the old database. */
export async function inSnapshot<T>(client: pg.Client, read: () => Promise<T>): Promise<T> {
  await client.query('begin transaction isolation level repeatable read read only')
  try {
    return await read()
  } finally {
    await client.query('rollback')
  }
}

/** Puts rows, given as JSON texts, into a table whose columns they name. */
export async function stage(client: pg.Client, table: string, rows: readonly string[]): Promise<void> {
  if (rows.length === 0) return
  await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [`[${rows.join(',')}]`])
}
