import { parseArgs } from 'node:util'
import pg from 'pg'
import { findRunning } from './instance/running-file.js'
import { dataDirOf, rootFolder } from './instance/settings.js'
import { defaultExpiry, signToken } from './instance/sign-token.js'
import { findSigningSecret } from './instance/signing-secret.js'
import { Problem, reasonOf } from './problem.js'

const usage = 'Usage: pnpm token --user <id or email> [--role admin] [--expires 1h]'
const uuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** A user as the database knows them. */
interface KnownUser {
  id: string
  role: string | null
}

try {
  console.log(await tokenFor(process.argv.slice(2), process.env))
} catch (error) {
  console.error(error instanceof Problem ? error.message : `No token could be signed: ${reasonOf(error)}`)
  process.exit(1)
}

async function tokenFor(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { user, role, expires } = readOptions(args)
  const dataDir = dataDirOf(rootFolder, env)
  const secret = await findSigningSecret(dataDir, env)
  if (secret === undefined) throw new Problem('There is no secret to sign with: run `npm start` once, or set JWT_SECRET.')
  const known = await findUser(user, env.DATABASE_URL || (await findRunning(dataDir))?.databaseUrl)
  const claimed = role ?? known.role
  return signToken(secret, { userId: known.id, ...(claimed && { role: claimed }), expiresIn: expires ?? defaultExpiry(env) }, env)
}

function readOptions(args: string[]) {
  const text = { type: 'string' } as const
  try {
    // `pnpm token -- --user …` reaches us with the dashes.
    const { values } = parseArgs({ args: args.filter((arg) => arg !== '--'), options: { user: text, role: text, expires: text } })
    if (values.user) return { ...values, user: values.user }
  } catch (error) {
    throw new Problem(`${reasonOf(error)}\n${usage}`)
  }
  throw new Problem(usage)
}

/** Looks the user up. An id needs no database, though one that the database does not know is worth a word. */
async function findUser(user: string, databaseUrl: string | undefined): Promise<KnownUser> {
  const isId = uuid.test(user)
  if (databaseUrl === undefined) {
    if (isId) return { id: user.toLowerCase(), role: null }
    throw new Problem(`To find ${user} a database is needed: run \`npm start\`, set DATABASE_URL, or give the user's id.`)
  }
  const known = await queryUser(user, isId, databaseUrl)
  if (known) return known
  if (!isId) throw new Problem(`There is no user with the email address ${user}.`)
  console.error(`There is no user ${user} in the database: the services will refuse this token.`)
  return { id: user.toLowerCase(), role: null }
}

async function queryUser(user: string, isId: boolean, databaseUrl: string): Promise<KnownUser | undefined> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5000 })
  await client.connect().catch((error: unknown) => {
    throw new Problem(`The database cannot be reached: ${reasonOf(error)}`)
  })
  const condition = isId ? 'id = $1' : 'lower(email) = lower($1)'
  const { rows } = await client.query<KnownUser>(`select id, role::text from users where ${condition}`, [user]).finally(() => client.end())
  return rows[0]
}
