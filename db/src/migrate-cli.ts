import { listMigrations, migrate, migrateDown } from './migrate.js'

const usage = 'Usage: pnpm db:migrate [up | status | down]'

// `up` unless told otherwise; `pnpm db:migrate -- status` reaches us with the dashes.
const [command = 'up', ...rest] = process.argv.slice(2).filter((argument) => argument !== '--')
const url = process.env.DATABASE_URL
if (!url) end('DATABASE_URL is not set: give the URL of the database to migrate.')
if (rest.length > 0) end(usage)
try {
  console.log(await run(command, url))
} catch (error) {
  end(`Migration failed: ${error instanceof Error ? error.message : String(error)}`)
}

async function run(command: string, url: string): Promise<string> {
  switch (command) {
    case 'up':
      return listed('Migrated: ', await migrate(url), 'The database is up to date.')
    case 'down':
      return listed('Taken back: ', await migrateDown(url), 'There is nothing to take back.')
    case 'status':
      return (await listMigrations(url)).map(({ name, appliedAt }) => `${name}  ${appliedAt?.toISOString() ?? 'pending'}`).join('\n')
    default:
      return end(usage)
  }
}

function listed(before: string, names: readonly string[], none: string): string {
  return names.length > 0 ? before + names.join(', ') : none
}

function end(message: string): never {
  console.error(message)
  process.exit(1)
}
