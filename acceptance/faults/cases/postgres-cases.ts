import { setTimeout as delay } from 'node:timers/promises'
import { harnessApplication } from '../cluster/stores.js'
import { requireTrue, someClient, someMembership, type FaultCase, type Scene } from './fault-case.js'
import { withoutLines } from './redis-cases.js'

/** Of PostgreSQL and the lines to it. */
export const postgresCases: readonly FaultCase[] = [
  {
    id: 'F45',
    title: 'PostgreSQL ends all sessions, several times',
    async run({ cluster }) {
      for (let round = 0; round < 6; round++) {
        await cluster.stores.database.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where backend_type = $1 and application_name <> $2',
          ['client backend', harnessApplication],
        )
        await delay(300)
      }
    },
  },
  {
    id: 'F45b',
    title: 'PostgreSQL crashes and recovers',
    async run({ cluster }) {
      cluster.stores.postgres.crash()
      await cluster.stores.postgres.start()
    },
  },
  {
    id: 'F47',
    title: 'what PostgreSQL answers to a commit is lost on its way',
    async run({ cluster }) {
      for (let round = 0; round < 8; round++) {
        const committed = round % 2 === 0 ? 'SENT' : 'COMMIT'
        for (const line of [cluster.edges.apiPostgres, cluster.edges.gatewayPostgres])
          line.cutOnAnswer((bytes) => bytes.includes(committed))
        await delay(250)
      }
      for (const line of [cluster.edges.apiPostgres, cluster.edges.gatewayPostgres]) line.cutOnAnswer(() => false)
    },
  },
  {
    id: 'F47b',
    wholeRunOnly: true,
    title: 'the APIs lose PostgreSQL for 2 s',
    run: ({ cluster }) => withoutLines([cluster.edges.apiPostgres], 'refuse', 2000),
  },
  { id: 'F50', title: 'everybody marks the same messages as read in another order', run: markOverlapping },
  { id: 'F52', title: 'the table of messages is locked for 2.5 s', run: ({ cluster }) => holdLock(cluster, 2500) },
  { id: 'F54', wholeRunOnly: true, title: 'two people create their direct conversation twenty times at once', run: createDirectAtOnce },
  { id: 'F55', wholeRunOnly: true, title: 'a history is paged through while it grows', run: pageWhileWriting },
  {
    id: 'F61',
    wholeRunOnly: true,
    title: 'the gateways lose PostgreSQL for 2 s',
    run: ({ cluster }) => withoutLines([cluster.edges.gatewayPostgres], 'refuse', 2000),
  },
  {
    id: 'F61b',
    title: 'the lines to PostgreSQL swallow everything for 3 s',
    wholeRunOnly: true,
    run: ({ cluster }) => withoutLines([cluster.edges.apiPostgres, cluster.edges.gatewayPostgres], 'blackhole', 3000),
  },
]

async function holdLock({ stores }: Scene['cluster'], forMs: number): Promise<void> {
  const session = await stores.database.connect()
  try {
    await session.query('begin')
    await session.query('lock table messages in access exclusive mode')
    await delay(forMs)
    await session.query('commit')
  } finally {
    session.release()
  }
}

async function markOverlapping(scene: Scene): Promise<void> {
  const { population, random } = scene
  const { conversationId } = someMembership(scene, population.accounts.length)
  for (let round = 0; round < 5; round++) {
    const ids = [...(population.clients[0]?.known.get(conversationId)?.ids() ?? [])].slice(-100)
    if (ids.length === 0) continue
    const path = `/api/v1/chat/conversations/${conversationId}/read`
    await Promise.all(
      population.clients.map((client) => client.rest({ method: 'POST', path, body: { message_ids: random.shuffled(ids) } })),
    )
  }
}

async function createDirectAtOnce(scene: Scene): Promise<void> {
  const { population } = scene
  const [first, second] = population.clients.slice(2, 4)
  if (!first || !second) throw new Error('too few people')
  const pairs = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? { from: first, to: second } : { from: second, to: first }))
  const outcomes = await Promise.all(
    pairs.map(({ from, to }) =>
      from.rest({ method: 'POST', path: '/api/v1/chat/conversations', body: { type: 'direct', participant_ids: [to.account.id] } }),
    ),
  )
  const ids = outcomes.map((outcome) => (outcome.kind === 'answer' && outcome.body.success ? (outcome.body.data as { id: string }).id : ''))
  requireTrue(new Set(ids).size === 1 && ids[0] !== '', `one direct conversation was made ${new Set(ids).size} times`)
  const [id = ''] = ids
  population.history.addMembers(id, [first.account.id, second.account.id])
  population.members.set(id, new Set([first.account.id, second.account.id]))
}

interface Page {
  messages: { id: string; seq: number }[]
  pagination: { next_cursor: string | null }
}

async function pageWhileWriting(scene: Scene): Promise<void> {
  const { population } = scene
  const client = someClient(scene)
  const conversationId = [...population.members].find(([, ids]) => ids.size === population.accounts.length)?.[0] ?? ''
  const seqs: number[] = []
  for (let before = ''; ;) {
    const outcome = await client.rest({ method: 'GET', path: `/api/v1/chat/conversations/${conversationId}/messages?limit=5${before}` })
    if (outcome.kind !== 'answer' || outcome.status !== 200) continue
    const { messages, pagination } = outcome.body.data as Page
    seqs.push(...messages.map(({ seq }) => seq))
    if (pagination.next_cursor === null || seqs.length > 500) break
    before = `&before=${pagination.next_cursor}`
  }
  requireTrue(
    seqs.every((seq, index) => index === 0 || seq < (seqs[index - 1] ?? 0)),
    'C4 pages repeat or cross',
  )
}
