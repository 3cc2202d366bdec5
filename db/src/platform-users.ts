import { sql, type Kysely } from 'kysely'

/**
 * Fits the platform's own `users`, where there is one, to what chat reads. Columns that Sequelize spells in camelCase are shown under our
 * names by generated columns, so that changes of the platform are seen; whatever else is missing the migrations add. Harmless to repeat.
 * @throws when the table cannot serve: one sentence, and nothing was changed.
 */
export async function fitPlatformUsers(db: Kysely<unknown>): Promise<void> {
  const table = await findTable(db)
  if (!table) return
  if (!table.is_table) throw new Error('users is not a table. Chat needs one, since foreign keys refer to it.')
  const columns = new Map((await listColumns(db)).map((column) => [column.name, column]))
  requireIds(table, columns)
  for (const [name, { fits, wants }] of Object.entries(ours)) {
    const column = columns.get(name)
    if (column && !fits(column)) throw new Error(`The column users.${name} is of type ${column.type}. Chat needs ${wants}.`)
  }
  for (const [name, { from, definition }] of Object.entries(spelledOtherwise))
    if (columns.has(from) && !columns.has(name))
      await sql.raw(`alter table users add column if not exists ${name} ${definition}`).execute(db)
}

interface TableRow {
  is_table: boolean
  has_unique_id: boolean
}

interface ColumnRow {
  name: string
  type: string
  /** `S` text, `E` an enumeration, `B` boolean … of PostgreSQL's categories. */
  category: string
}

const isText = ({ category }: ColumnRow) => category === 'S' || category === 'E'
const text = { fits: isText, wants: 'a text' }
const ours: Record<string, { fits: (column: ColumnRow) => boolean; wants: string }> = {
  first_name: text,
  last_name: text,
  avatar_url: text,
  role: { fits: isText, wants: 'a text or an enumeration' },
  is_active: { fits: ({ category }) => category === 'B', wants: 'boolean' },
  fcm_token: text,
}

const generated = (expression: string) => `generated always as (${expression}) stored`
const spelledOtherwise: Record<string, { from: string; definition: string }> = {
  first_name: { from: 'firstName', definition: `text ${generated(`coalesce("firstName"::text, '')`)}` },
  last_name: { from: 'lastName', definition: `text ${generated(`coalesce("lastName"::text, '')`)}` },
  avatar_url: { from: 'avatarUrl', definition: `text ${generated(`"avatarUrl"::text`)}` },
  is_active: { from: 'isActive', definition: `boolean ${generated(`"isActive" is not false`)}` },
}

function requireIds(table: TableRow, columns: ReadonlyMap<string, ColumnRow>): void {
  const id = columns.get('id')
  if (!id) throw new Error('The table users has no column id. Chat needs one, of type uuid.')
  if (id.type !== 'uuid')
    throw new Error(`The table users has ids of type ${id.type}. Chat needs UUIDs: tokens and foreign keys carry them.`)
  if (!table.has_unique_id)
    throw new Error('The ids of the table users are not unique. Chat needs a primary key or a unique constraint on users.id.')
}

async function findTable(db: Kysely<unknown>): Promise<TableRow | undefined> {
  const { rows } = await sql<TableRow>`
    select c.relkind in ('r', 'p') as is_table, exists (
      select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indpred is null and i.indnkeyatts = 1
        and i.indkey[0] = (select attnum from pg_attribute where attrelid = c.oid and attname = 'id')
    ) as has_unique_id
    from pg_class c where c.oid = to_regclass('users')`.execute(db)
  return rows[0]
}

async function listColumns(db: Kysely<unknown>): Promise<ColumnRow[]> {
  const { rows } = await sql<ColumnRow>`
    select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, t.typcategory as category
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = to_regclass('users') and a.attnum > 0 and not a.attisdropped`.execute(db)
  return rows
}
