import { randomUUID } from 'node:crypto'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { migrate } from '@viatra-chat/db'
import { requireSoon } from '../until.js'
import { requireTrue, type FaultCase, type Scene } from './fault-case.js'
import { converse, pairOfStrangers, say, strangers } from './strangers.js'

/** Of processes that end in the middle of something, and of versions, schemas and clocks that differ between them. */
export const deploymentCases: readonly FaultCase[] = [
  {
    id: 'F41',
    wholeRunOnly: true,
    title: 'what was told is not forgotten, all processes are killed, and it is told again',
    run: tellTwice,
  },
  {
    id: 'F46',
    wholeRunOnly: true,
    title: 'the APIs are killed within transactions, at points of their talk with PostgreSQL',
    run: killWithin,
  },
  { id: 'F59', wholeRunOnly: true, title: 'a migration meets a long transaction', run: migrateAmidLoad },
  { id: 'F60', wholeRunOnly: true, title: 'the clocks of an API and of a gateway are ten minutes wrong', run: skewClocks },
  { id: 'F81', title: 'the outbox holds rows of a newer version', run: readNewerRows },
]

async function tellTwice({ cluster }: Scene): Promise<void> {
  const { database } = cluster.stores
  await database.query(`create or replace function keep_row() returns trigger language plpgsql as 'begin return null; end'`)
  await database.query('create trigger keep_row before delete on outbox for each row execute function keep_row()')
  await delay(500)
  const services = [...cluster.apis, ...cluster.gateways]
  await Promise.all(services.map((service) => service.kill()))
  await database.query('drop trigger keep_row on outbox')
  await Promise.all(services.map((service) => service.start()))
  const isEmpty = async () => (await database.query(`select 1 from outbox where created_at < now() - interval '4 s'`)).rowCount === 0
  await requireSoon(isEmpty, 20_000, 'what was left in the outbox was not told')
}

// Command tags of PostgreSQL's answers, and of the statement that stores messages: a process that sees one is in the middle of something.
const points = ['BEGIN', 'SENT', 'INSERT', 'UPDATE', 'COMMIT']

async function killWithin({ cluster, random }: Scene): Promise<void> {
  for (const point of [...points, undefined, undefined]) {
    if (point === undefined) await delay(random.below(150))
    else await answered(cluster.edges.apiPostgres, point)
    await Promise.all(cluster.apis.map((api) => api.kill()))
    await Promise.all(cluster.apis.map((api) => api.start()))
  }
  cluster.edges.apiPostgres.cutOnAnswer(() => false)
}

/** Resolves as an answer with this text comes by, which is thrown away. */
async function answered(line: Scene['cluster']['edges']['apiPostgres'], text: string): Promise<void> {
  const isSeen = new Promise<void>((resolve) => {
    line.swallowAnswer((bytes) => {
      const isIt = bytes.includes(text)
      if (isIt) resolve()
      return isIt
    })
  })
  await Promise.race([isSeen, delay(2000)])
}

const migrations = fileURLToPath(new URL('../migrations/', import.meta.resolve('@viatra-chat/db')))

/** A change of a busy table must wait for a long transaction, and everybody else would queue behind it. */
async function migrateAmidLoad(scene: Scene): Promise<void> {
  const { database, postgres } = scene.cluster.stores
  const folder = await mkdtemp(join(tmpdir(), 'viatra-migrations-'))
  const long = await database.connect()
  try {
    await cp(migrations, folder, { recursive: true })
    await writeFile(join(folder, '9999_probe.up.sql'), 'alter table messages add column probe integer;')
    await writeFile(join(folder, '9999_probe.down.sql'), 'alter table messages drop column probe;')
    await long.query('begin')
    await long.query('select 1 from messages limit 1')
    const migrating = migrate(postgres.server.store.url, { folder: `${folder}/` })
    const sentBefore = scene.population.history.acked.length
    await delay(3000)
    requireTrue(scene.population.history.acked.length > sentBefore, 'nobody could send while a migration waited')
    await long.query('commit')
    requireTrue((await migrating).includes('9999_probe'), 'a migration gave up')
  } finally {
    await long.query('rollback')
    long.release()
    await database.query('alter table messages drop column if exists probe')
    await database.query(`delete from chat_migrations where name = '9999_probe'`)
    await rm(folder, { recursive: true, force: true })
  }
}

const tenMinutesMs = 600_000
const preload = ['-r', fileURLToPath(new URL('../cluster/skew-clock.cjs', import.meta.url))]

async function skewClocks(scene: Scene): Promise<void> {
  const { cluster, population } = scene
  const start = (kind: 'api' | 'gateway', offsetMs: number) =>
    cluster.startOneMore(kind, { env: { CLOCK_OFFSET_MS: String(offsetMs) }, nodeOptions: preload })
  const [api, gateway] = await Promise.all([start('api', tenMinutesMs), start('gateway', tenMinutesMs)])
  const { ann, bob, conversationId } = await pairOfStrangers(scene)
  const [early, usual] = [await ann.connect(gateway.url), await bob.connect()]
  for (const connection of [early, usual]) await connection.get('join_conversation', { conversationId })
  for (let n = 0; n < 10; n++) {
    await say(ann, conversationId, `usual ${n}`)
    await ann.restAt(api.url, {
      method: 'POST',
      path: `/api/v1/chat/conversations/${conversationId}/messages`,
      body: { content: `early ${n}` },
    })
    await early.get('send_message', { conversationId, content: `over the gateway ${n}` })
  }
  const heard = () => usual.seen('new_message')
  await requireSoon(() => new Set(heard().map(({ id }) => id)).size >= 30, 10_000, 'not everything was heard')
  const bySeq = heard().toSorted((a, b) => a.seq - b.seq)
  const goesBack = bySeq.some(({ created_at }, index) => created_at < (bySeq[index - 1]?.created_at ?? ''))
  requireTrue(!goesBack, 'C4 the order by time is another than that by seq')
  for (const connection of [early, usual]) connection.close()
  await Promise.all([api.stop(), gateway.stop()])
  population.history.violations.push(...[api, gateway].flatMap(({ unexpectedEnds }) => unexpectedEnds.map((end) => `C11 ${end}`)))
}

async function readNewerRows(scene: Scene): Promise<void> {
  const { database } = scene.cluster.stores
  const [ann, bob] = await strangers(scene, 2)
  if (!ann || !bob) return
  const conversationId = await converse(ann, [bob])
  const reader = await bob.connect()
  await reader.get('join_conversation', { conversationId })
  const { seq, id } = await say(ann, conversationId, 'told by a newer version')
  const timesHeard = () => reader.seen('new_message').filter((message) => message.id === id).length
  await requireSoon(() => timesHeard() > 0, 10_000, 'a message was not heard')
  const heardBefore = timesHeard()
  const known = { kind: 'messages', at: [[conversationId, seq]], field_of_the_future: { x: [1] } }
  const unknown = { kind: 'kind_of_the_future', conversationId, at: randomUUID() }
  const statement = 'insert into outbox (announcement) values ($1), ($2) returning id'
  const { rows } = await database.query<{ id: string }>(statement, [unknown, known].map((row) => JSON.stringify(row))) // prettier-ignore
  await requireSoon(() => timesHeard() > heardBefore, 15_000, 'a row with an unknown field was not told')
  const left = await database.query<{ attempts: number }>('select attempts from outbox where id = $1', [rows[0]?.id])
  await database.query('delete from outbox where id = $1', [rows[0]?.id])
  requireTrue(left.rows[0]?.attempts === 0, 'a row of a newer version was not left to those who know it')
}
