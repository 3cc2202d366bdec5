import { randomBytes } from 'node:crypto'
import { migrate } from '@viatra-chat/db'
import pg from 'pg'

/** A server on which databases are made for a measurement and dropped after it. */
export function openServer(serverUrl) {
  const administer = (statement) => withClient(serverUrl, async (client) => (await client.query(statement)).rows)

  /** `use({ url, pool, query })` on a database of its own; migrated if asked for. */
  async function withDatabase({ migrated = false, connections = 16 }, use) {
    const name = `bench_${randomBytes(6).toString('hex')}`
    await administer(`create database ${name} template template0`)
    const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href
    if (migrated) await migrate(url)
    // Two more for what is asked beside the measured calls.
    const pool = new pg.Pool({ connectionString: url, max: connections + 2 })
    // The drop may end connections that are just being closed.
    pool.on('error', () => undefined)
    try {
      return await use({ url, pool, query: async (text, values) => (await pool.query(text, values)).rows })
    } finally {
      await pool.end()
      await administer(`drop database ${name} with (force)`)
    }
  }

  const describe = async () => {
    const [row] = await administer(`select split_part(version(), ' on ', 1) as version, current_setting('fsync') as fsync`)
    return `${row.version}, fsync ${row.fsync}`
  }
  return { withDatabase, describe }
}

async function withClient(url, use) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return use(client).finally(() => client.end())
}
