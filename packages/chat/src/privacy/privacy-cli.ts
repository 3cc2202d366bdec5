import { parseArgs } from 'node:util'
import { uuidPattern, type ConversationId, type MessageId, type UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { readContentEncryptionFrom } from '@viatra-chat/runtime'
import { Redis } from 'ioredis'
import type { Kysely } from 'kysely'
import { recordAudit } from '../audit/record-audit.js'
import { openForCommand } from '../database/open-for-command.js'
import { commandLog } from '../encryption/command-log.js'
import { ContentCipher } from '../encryption/content-cipher.js'
import { applyRetention } from './apply-retention.js'
import { erasePerson } from './erase-person.js'
import { exportPerson } from './export-person.js'
import { liftHold, placeHold } from './legal-holds.js'
import { findPerson } from './privacy.sql.js'
import { shredConversation } from './shred-conversation.js'
import { whoSaw } from './who-saw.js'

const usage = `Usage (DATABASE_URL names the database, as the owner of its tables; REDIS_URL where Redis is to forget as well;
for the export, CONTENT_KEYS or CONTENT_KEY_MODULE as the services have them):
  pnpm privacy:export --user ID --reason TEXT > person.jsonl
  pnpm privacy:erase --user ID --reason TEXT [--with-messages]
  pnpm privacy:shred --conversation ID --reason TEXT
  pnpm privacy:hold (--user ID | --conversation ID | --lift HOLD) --reason TEXT
  pnpm privacy:seen (--message ID | --conversation ID) --reason TEXT > seen.jsonl
  pnpm privacy:retention     as RETENTION_DIRECT_DAYS, RETENTION_GROUP_DAYS and RETENTION_CHANNEL_DAYS say`

/** What the person at the terminal is told, without a stack. */
class Wrong extends Error {}

const stores = { db: openDatabase(), redis: openRedis() }
try {
  await run(process.argv.slice(2).filter((arg) => arg !== '--'))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
} finally {
  await stores.db.destroy()
  stores.redis?.disconnect()
}

async function run([command, ...args]: string[]): Promise<void> {
  switch (command) {
    case 'export':
      return runExport(args)
    case 'erase':
      return runErase(args)
    case 'shred':
      return runShredding(args)
    case 'hold':
      return runHold(args)
    case 'seen':
      return runSeen(args)
    case 'retention':
      return runRetention()
    default:
      throw new Wrong(usage)
  }
}

async function runExport(args: string[]): Promise<void> {
  const { user, reason } = readOptions(args, ['user', 'reason'])
  if (!(await findPerson(stores.db, user as UserId))) throw new Wrong(`There is no person ${user}.`)
  const contents = new ContentCipher(readContentEncryptionFrom(process.env), commandLog)
  const problems = await contents.findProblems(stores.db)
  if (problems.length > 0) throw new Wrong(problems.join('\n'))
  await recordAudit(stores.db, { action: 'data_exported', subjectId: user as UserId, reason })
  for await (const record of exportPerson({ db: stores.db, contents }, user as UserId)) await write(`${JSON.stringify(record)}\n`)
}

/** Waits while the reader is slow: an export may be larger than memory. */
function write(line: string): Promise<void> {
  return new Promise((resolve, reject) => void process.stdout.write(line, (error) => (error ? reject(error) : resolve())))
}

async function runErase(args: string[]): Promise<void> {
  const withMessages = args.includes('--with-messages')
  const { user, reason } = readOptions(
    args.filter((arg) => arg !== '--with-messages'),
    ['user', 'reason'],
  )
  const { db, redis } = stores
  const outcome = await erasePerson({ db, ...(redis && { redis }) }, user as UserId, { reason, withMessages })
  if (outcome.kind === 'unknown_person') throw new Wrong(`There is no person ${user}.`)
  if (outcome.kind === 'held') throw new Wrong(`A legal hold is on ${user}: nothing was erased.`)
  console.log(
    `Erased ${user}: ${outcome.conversations} conversations, ${outcome.sentencesChanged} sentences changed, ${outcome.messagesEmptied} messages emptied.`,
  )
  if (!redis) console.log('REDIS_URL is not set: cached pages and last seen stay in Redis until they expire.')
}

async function runShredding(args: string[]): Promise<void> {
  const { conversation, reason } = readOptions(args, ['conversation', 'reason'])
  const { db, redis } = stores
  const outcome = await shredConversation({ db, ...(redis && { redis }) }, conversation as ConversationId, reason)
  if (outcome.kind === 'unknown_conversation') throw new Wrong(`There is no conversation ${conversation}.`)
  if (outcome.kind === 'held') throw new Wrong(`A legal hold is on ${conversation}: nothing was destroyed.`)
  console.log(`Destroyed ${outcome.keys} keys of ${conversation}, and emptied ${outcome.messagesEmptied} messages that were not encrypted.`)
  if (!redis) console.log('REDIS_URL is not set: cached pages stay in Redis until they expire.')
}

async function runHold(args: string[]): Promise<void> {
  const lift = args.includes('--lift')
  const what = ['user', 'conversation', 'lift'].find((name) => args.some((arg) => arg.startsWith(`--${name}`)))
  if (!what) throw new Wrong(usage)
  const options = readOptions(args, [what, 'reason'])
  const id = options[what] ?? ''
  const reason = options.reason ?? ''
  if (!lift)
    return console.log(
      await placeHold(stores, what === 'user' ? { userId: id as UserId } : { conversationId: id as ConversationId }, reason),
    )
  if (!(await liftHold(stores, id, reason))) throw new Wrong(`There is no hold ${id}, or it was lifted before.`)
  console.log(`Lifted ${id}.`)
}

async function runSeen(args: string[]): Promise<void> {
  const what = args.some((arg) => arg.startsWith('--conversation')) ? 'conversation' : 'message'
  const options = readOptions(args, [what, 'reason'])
  const id = options[what] ?? ''
  const asked = what === 'message' ? { messageId: id as MessageId } : { conversationId: id as ConversationId }
  const seen = await whoSaw(stores, asked, options.reason ?? '')
  if (!seen) throw new Wrong(what === 'message' ? `There is no message ${id}.` : `There is no message in ${id}.`)
  for await (const record of seen) await write(`${JSON.stringify(record)}\n`)
}

async function runRetention(): Promise<void> {
  const { db, redis } = stores
  if (!redis) throw new Wrong('REDIS_URL is not set: cached pages would go on showing what was deleted.')
  const days = { direct: readDays('DIRECT'), group: readDays('GROUP'), channel: readDays('CHANNEL') }
  const { conversations, messages, receipts } = await applyRetention({ db, redis }, days)
  console.log(`Deleted ${messages} messages and ${receipts} receipts of ${conversations} conversations.`)
}

function readDays(type: string): number {
  const text = process.env[`RETENTION_${type}_DAYS`] || '0'
  if (!/^\d{1,5}$/.test(text)) throw new Wrong(`RETENTION_${type}_DAYS must be a number of days, 0 for ever.`)
  return Number(text)
}

function readOptions<N extends string>(args: string[], names: readonly N[]): Record<N, string> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  let values: Record<string, unknown>
  try {
    values = parseArgs({ args, options }).values
  } catch (error) {
    throw new Wrong(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
  return Object.fromEntries(names.map((name) => [name, readValue(name, values[name])])) as Record<N, string>
}

function readValue(name: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') throw new Wrong(`--${name} is missing.\n${usage}`)
  if (name !== 'reason' && !new RegExp(uuidPattern).test(value)) throw new Wrong(`--${name} must be an id, but is ${value}.`)
  return name === 'reason' ? value.trim() : value.toLowerCase()
}

function openDatabase(): Kysely<Tables> {
  const url = process.env.DATABASE_URL
  if (!url) {
    console.error(usage)
    process.exit(1)
  }
  return openForCommand(url)
}

function openRedis(): Redis | undefined {
  return process.env.REDIS_URL ? new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: 3 }) : undefined
}
