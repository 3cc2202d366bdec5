import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { execute, openChat } from '@viatra-chat/chat'
import pg from 'pg'
import { storeKnownBatchText } from '../../../packages/chat/dist/messages/send-statement-known.js'
import { storeBatchText, writerSettings } from '../../../packages/chat/dist/messages/send-statement.js'
import { uuidArray } from '../../../packages/chat/dist/messages/uuid-array.js'
import { createConversations, createPeople } from '../population.mjs'
import { secret, withStand } from '../stand.mjs'
import { insertMessages } from './receipts.mjs'
import { tellSomethingIn } from './reads.mjs'

const file = fileURLToPath(new URL('../../../docs/query-plans.md', import.meta.url))
const messageCount = 100_000
const log = { debug() {}, info() {}, warn() {}, error() {} }

/** What PostgreSQL does for each statement of the operations that apps use most, as it was executed; written to `docs/query-plans.md`. */
export function plans(stores) {
  return withStand(stores, 'plans', async (stand) => {
    const place = await createPlace(stand)
    const chat = openChat({
      databaseUrl: stand.databaseUrl,
      databasePoolMax: 2,
      redis: stand.redis,
      publisher: stand.redis,
      eventForm: 'batched',
      jwt: { secret },
      settings: {
        ...{
          messageLengthMax: 5000,
          conversationPageSize: 20,
          messagePageSize: 50,
          isReadByPrevious: false,
          rateLimitMultiplier: 1000,
          cache: false,
        },
        ...{ push: { enabled: false }, auditSends: true },
      },
      log,
    })
    try {
      const sections = await explainOperations(stand, chat, place)
      await writeFile(file, markdown(sections))
      return sections.map(({ title, statements }) => ({ what: title, product: `${statements.length} statements` }))
    } finally {
      await chat.close()
    }
  })
}

async function explainOperations(stand, chat, place) {
  const sections = []
  const actor = { userId: place.reader.id, isAdmin: false }
  const run = (operation, input) => execute(chat, { operation, actor, input, requestId: 'plans' })
  const { data: atFirst } = await run('sync', {})
  for (const [title, operation, input] of operationsOf(place, atFirst.next)) {
    const call = (n) => run(operation, input(n))
    // The first call may ask what is remembered afterwards.
    await call(0)
    sections.push({ title, statements: await explainAll(stand, await captured(() => call(1))) })
  }
  return sections
}

async function createPlace(stand) {
  const people = await createPeople(stand, 64)
  const [reader, ...others] = people
  const lists = Array.from({ length: 2000 }, (_, n) => [reader, others[n % others.length]])
  await tellSomethingIn(stand, await createConversations(stand, lists))
  const [large] = await createConversations(stand, [people.slice(0, 20)])
  const ids = await insertMessages(stand, large, others[0].id, messageCount)
  await stand.query('vacuum analyze')
  return { reader, large, ids }
}

function operationsOf({ large, ids }, since) {
  const conversation_id = large
  return [
    ['conversations, of somebody in 2,000', 'list_conversations', () => ({})],
    ['history, page 1', 'list_messages', () => ({ conversation_id })],
    ['history, page 1,000', 'list_messages', () => ({ conversation_id, page: 1000 })],
    ['history, before a message in the middle', 'list_messages', () => ({ conversation_id, before: ids[messageCount / 2] })],
    ['sending an answer', 'send_message', (n) => ({ conversation_id, content: 'hi', parent_message_id: ids[n] })],
    ['sending', 'send_message', () => ({ conversation_id, content: 'hi' })],
    ['reading fifty', 'mark_read', (n) => ({ conversation_id, message_ids: ids.slice(n * 50, n * 50 + 50) })],
    ['what changed since', 'sync', () => ({ since })],
  ]
}

/** The statements that a call runs, with their values. */
async function captured(call) {
  const original = pg.Client.prototype.query
  const statements = []
  pg.Client.prototype.query = function (config, values, ...rest) {
    const text = config?.text ?? config
    const given = config?.values ?? values
    if (typeof text === 'string' && !isBackground(text)) statements.push({ text, values: Array.isArray(given) ? given : [] })
    return original.call(this, config, values, ...rest)
  }
  try {
    await call()
  } finally {
    pg.Client.prototype.query = original
  }
  return statements
}

const isBackground = (text) =>
  /^\s*(begin|start transaction|commit|rollback|set |delete from outbox|select exists \(select 1 from outbox)/i.test(text)

/** The statements that store messages, and which of their values are the ids. */
const idColumns = new Map([
  [storeBatchText, 1],
  [storeKnownBatchText, 3],
])

async function explainAll({ pool }, statements) {
  const client = await pool.connect()
  const explained = []
  try {
    for (const { text, values } of statements) {
      await client.query('begin')
      const idColumn = idColumns.get(text)
      if (idColumn !== undefined) await client.query(writerSettings)
      // It stored the message already: once more it is another one.
      const again = idColumn === undefined ? values : values.with(idColumn, uuidArray([randomUUID()]))
      const { rows } = await client.query(`explain (analyze, buffers, costs off, timing off, summary off) ${text}`, again)
      await client.query('rollback')
      explained.push({ text, plan: rows.map((row) => row['QUERY PLAN']) })
    }
  } finally {
    // With the settings of the writer on it, or in the middle of something.
    client.release(true)
  }
  return explained
}

function markdown(sections) {
  const body = sections.flatMap(({ title, statements }) => [
    `\n## ${title}\n`,
    ...statements.map(({ text, plan }) => `\`\`\`sql\n${text.trim()}\n\`\`\`\n\n\`\`\`\n${plan.join('\n')}\n\`\`\`\n`),
  ])
  return `# Query plans\n\nWritten by \`pnpm bench plans\`: somebody in 2,000 conversations, one of them with ${messageCount.toLocaleString('en')} messages. As executed, with the buffers that each step touched.\n${body.join('\n')}`
}
