import pg from 'pg'
import { bookkeeping, stagingTables } from './bookkeeping.sql.js'
import { Unfit } from './unfit.js'

/** Opens the old database, read-only: nothing here can change it. */
export async function openOld(url: string): Promise<pg.Client> {
  const client = await connect(url, 'old')
  try {
    await client.query(`set default_transaction_read_only = on`)
    await requireOriginalSchema(client)
    return client
  } catch (error) {
    await client.end()
    throw error
  }
}

/** Opens the target and prepares what the move remembers there. One run at a time: a second one is refused. */
export async function openTarget(url: string): Promise<pg.Client> {
  const client = await connect(url, 'new')
  try {
    const { rows } = await client.query<{ ready: boolean }>(`select to_regclass('public.conversation_members') is not null as ready`)
    if (!rows[0]?.ready) throw new Unfit('The new database has no tables of this product: migrate it first (`pnpm db:migrate`).')
    await requireAlone(client)
    await client.query(bookkeeping)
    await client.query(stagingTables)
    return client
  } catch (error) {
    await client.end()
    throw error
  }
}

async function connect(url: string, which: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'viatra-chat legacy' })
  // A connection that breaks fails the query that is under way; without a listener it would end the process as well.
  client.on('error', () => undefined)
  await client.connect().catch((error: unknown) => {
    throw new Unfit(`The ${which} database cannot be reached: ${error instanceof Error ? error.message : String(error)}`)
  })
  // Times are compared as text.
  await client.query(`set timezone = 'UTC'`)
  return client
}

async function requireAlone(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ alone: boolean }>(`select pg_try_advisory_lock(hashtext('viatra-chat legacy')) as alone`)
  if (!rows[0]?.alone) throw new Unfit('Another run is moving conversations into this database: wait for it.')
}

const uuid = ['uuid']
const time = ['timestamptz', 'timestamp']
const text = ['text', 'varchar']
const original: Record<string, Record<string, string[]>> = {
  users: { id: uuid },
  conversations: {
    ...{ id: uuid, type: text, participant_ids: ['_uuid'], created_by: uuid, last_message_at: time, metadata: ['jsonb'] },
    ...{ created_at: time, updated_at: time },
  },
  messages: {
    ...{
      id: uuid,
      conversation_id: uuid,
      sender_id: uuid,
      parent_message_id: uuid,
      message_type: text,
      content: text,
      metadata: ['jsonb'],
    },
    ...{ read_by: ['_uuid'], delivered_to: ['_uuid'], is_edited: ['bool'], is_deleted: ['bool'], created_at: time, updated_at: time },
  },
}

async function requireOriginalSchema(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ place: string; type: string }>(
    `
    select table_name || '.' || column_name as place, case when data_type = 'USER-DEFINED' then 'text' else udt_name end as type
    from information_schema.columns where table_schema = current_schema() and table_name = any($1)`,
    [Object.keys(original)],
  )
  const found = new Map(rows.map((row) => [row.place, row.type]))
  for (const [table, columns] of Object.entries(original))
    for (const [column, types] of Object.entries(columns)) {
      const type = found.get(`${table}.${column}`)
      if (type === undefined) throw new Unfit(`The old database has no column ${table}.${column}: is this the URL of the old one?`)
      if (!types.includes(type))
        throw new Unfit(`The old database's ${table}.${column} is of type ${type}, not ${types.join(' or ')}: it cannot be moved.`)
    }
}
