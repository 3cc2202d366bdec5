import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findRunning } from './instance/running-file.js'
import { dataDirOf, rootFolder } from './instance/settings.js'
import { findSigningSecret } from './instance/signing-secret.js'
import { createPeople, toCsv } from './load/create-people.js'
import { Problem, reasonOf } from './problem.js'

const usage = 'Usage: pnpm load:people [--count 100] [--expires 2h] [--out infra/load/people.csv] [--url http://localhost:8080]'

try {
  await writePeople(process.argv.slice(2), process.env)
} catch (error) {
  console.error(error instanceof Problem ? error.message : `No people could be made: ${reasonOf(error)}`)
  process.exit(1)
}

async function writePeople(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const options = readOptions(args)
  const dataDir = dataDirOf(rootFolder, env)
  const running = await findRunning(dataDir)
  const [url, databaseUrl] = [options.url ?? running?.url, env.DATABASE_URL || running?.databaseUrl]
  const secret = await findSigningSecret(dataDir, env)
  if (!url || !databaseUrl || !secret) throw new Problem(`Run \`npm start\`, or set DATABASE_URL and JWT_SECRET and give --url.\n${usage}`)
  const people = await createPeople({ url, databaseUrl, secret, count: options.count, expiresIn: options.expires, env })
  await mkdir(dirname(options.out), { recursive: true })
  // Tokens open doors: nobody else may read them.
  await writeFile(options.out, toCsv(people), { mode: 0o600 })
  console.log(`${people.length} people with tokens for ${options.expires} are in ${options.out}`)
}

function readOptions(args: string[]) {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      args: args.filter((arg) => arg !== '--'),
      options: { count: text, expires: text, out: text, url: text },
    })
    const count = Number(values.count ?? 100)
    if (!Number.isInteger(count) || count < 2 || count > 100_000) throw new Problem('--count is a whole number from 2 to 100,000.')
    return { count, expires: values.expires ?? '2h', out: resolve(values.out ?? `${rootFolder}/infra/load/people.csv`), url: values.url }
  } catch (error) {
    throw new Problem(`${reasonOf(error)}\n${usage}`)
  }
}
