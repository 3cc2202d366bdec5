import { parseArgs } from 'node:util'
import { uuidPattern, type ConversationId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { readContentEncryptionFrom } from '@viatra-chat/runtime'
import type { Kysely } from 'kysely'
import { openForCommand } from '../database/open-for-command.js'
import { commandLog } from './command-log.js'
import { ContentCipher } from './content-cipher.js'
import { encryptMessages } from './encrypt-messages.js'
import { MasterKeys } from './master-keys.js'
import { rotateKeys } from './rotate-keys.js'

const usage = `Usage (DATABASE_URL names the database, as the owner of its tables; CONTENT_KEYS or CONTENT_KEY_MODULE the master keys):
  pnpm content:encrypt [--conversation ID]   encrypts what was written before CONTENT_ENCRYPTION was on
  pnpm content:rotate                        wraps all keys by the newest master key`

/** What the person at the terminal is told, without a stack. */
class Wrong extends Error {}

const url = process.env.DATABASE_URL
try {
  if (!url) throw new Wrong(usage)
  await withDatabase(url, (db) =>
    run(
      db,
      process.argv.slice(2).filter((arg) => arg !== '--'),
    ),
  )
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

async function withDatabase(connectionString: string, use: (db: Kysely<Tables>) => Promise<void>): Promise<void> {
  const db = openForCommand(connectionString)
  await use(db).finally(() => db.destroy())
}

async function run(db: Kysely<Tables>, [command, ...args]: string[]): Promise<void> {
  const encryption = readContentEncryptionFrom(process.env)
  const contents = new ContentCipher(encryption, commandLog)
  if (!contents.hasKeys) throw new Wrong(`Neither CONTENT_KEYS nor CONTENT_KEY_MODULE is set.\n${usage}`)
  switch (command) {
    case 'encrypt': {
      const problems = await contents.findProblems(db)
      if (problems.length > 0) throw new Wrong(problems.join('\n'))
      return console.log(`Encrypted ${await encryptMessages({ db, contents }, readConversation(args))} messages.`)
    }
    case 'rotate':
      return runRotation(db, new MasterKeys(encryption))
    default:
      throw new Wrong(usage)
  }
}

async function runRotation(db: Kysely<Tables>, master: MasterKeys): Promise<void> {
  const { masterKey, rotated, unknown } = await rotateKeys(db, master)
  console.log(`Wrapped ${rotated} keys by ${masterKey}.`)
  if (unknown.length > 0) throw new Wrong(`Keys that these master keys wrap could not be unwrapped: ${unknown.join(', ')}.`)
}

function readConversation(args: string[]): ConversationId | undefined {
  const { conversation } = parseOptions(args)
  if (conversation !== undefined && !new RegExp(uuidPattern).test(conversation))
    throw new Wrong(`--conversation must be an id, but is ${conversation}.`)
  return conversation?.toLowerCase() as ConversationId | undefined
}

function parseOptions(args: string[]): { conversation?: string } {
  try {
    return parseArgs({ args, options: { conversation: { type: 'string' } } }).values
  } catch (error) {
    throw new Wrong(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}
