import type pg from 'pg'
import { insertPeople, listTokens, noteEmails, noteTokens, registerTokens, rememberPeople, updatePeople } from './people.sql.js'
import { inSnapshot, readBatches, stage } from './read-batches.js'
import { Unfit } from './unfit.js'

/** Moves everybody of the old `users`, and their push tokens. People who are in the target already, other than by an earlier run, stay as they are. */
export async function movePeople(old: pg.Client, target: pg.Client): Promise<number> {
  const people = await stagePeople(old, target)
  const columns = await columnsOfUsers(target, { written: true })
  await target.query('begin')
  await target.query('analyze old_people')
  for (const statement of [noteEmails, updatePeople, insertPeople, listTokens, noteTokens, registerTokens, rememberPeople])
    await run(target, statement(columns))
  await target.query('commit')
  return people
}

async function stagePeople(old: pg.Client, target: pg.Client): Promise<number> {
  const query = peopleQuery(await columnsOfUsers(old))
  let people = 0
  await inSnapshot(old, async () => {
    for await (const rows of readBatches<{ row: string }>(old, query)) {
      const texts = rows.map(({ row }) => row)
      await stage(target, 'old_people', texts)
      people += rows.length
    }
  })
  return people
}

async function run(target: pg.Client, statement: string): Promise<void> {
  await target.query(statement).catch((error: unknown) => {
    if (!isMissingValue(error)) throw error
    throw new Unfit(
      `The new database's users need a value for "${error.column}", which is the platform's: let the platform fill in its people first.`,
    )
  })
}

const isMissingValue = (error: unknown): error is { column: string } =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === '23502' && 'column' in error

/** Columns by our names; Sequelize writes them in camelCase unless told otherwise. */
const spellings: Record<string, string[]> = {
  first_name: ['first_name', 'firstName'],
  last_name: ['last_name', 'lastName'],
  email: ['email'],
  avatar_url: ['avatar_url', 'avatarUrl'],
  role: ['role'],
  is_active: ['is_active', 'isActive'],
  fcm_token: ['fcm_token', 'fcmToken'],
  created_at: ['created_at', 'createdAt'],
  updated_at: ['updated_at', 'updatedAt'],
}

function peopleQuery(there: ReadonlySet<string>): string {
  const columns = Object.entries(spellings).flatMap(([name, spelled]) => {
    const column = spelled.find((spelling) => there.has(spelling))
    return column === undefined ? [] : [`"${column}" as ${name}`]
  })
  return `select to_json(u)::text as row from (select ${['id', ...columns].join(', ')} from users order by id) u`
}

/** Those that may be read, or only those that may be written: a platform's table has generated ones. */
async function columnsOfUsers(client: pg.Client, { written = false } = {}): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = 'users'
     and (not $1 or is_generated = 'NEVER')`,
    [written],
  )
  return new Set(rows.map(({ name }) => name))
}
