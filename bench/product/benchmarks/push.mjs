import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { cpuPerOperation } from '../cpu.mjs'
import { cpuText, inTurns, rate, ratioOf } from '../figures.mjs'
import { createConversations, createPeople } from '../population.mjs'
import { withStand } from '../stand.mjs'

const pushes = 3000
const messagesInIntent = 16
// PUSH_PER_SECOND.
const defaultPerSecond = 500

/**
 * Pushes by one worker, from the note that a message was sent until the stand-in of FCM has accepted it, beside firebase-admin alone: the
 * same number of calls at once, over the same connections, to the same stand-in.
 */
export function push(stores) {
  return withStand(stores, 'push', async (stand) => {
    const places = await createUnreadMessages(stand)
    const children = []
    const start = async (program, env) => {
      const child = fork(fileURLToPath(new URL(program, import.meta.url)), { env: { ...process.env, ...env } })
      children.push(child)
      return [child, ...(await once(child, 'message'))]
    }
    try {
      const [fcm, { env }] = await start('../load/fcm.mjs')
      const [bare] = await start('../bare/push.mjs', env)
      const [api] = await stand.start('api', 1, { env: { ...env, PUSH_PER_SECOND: '10000', PUSH_BADGE_UPDATES: 'off' } })
      const run = (sender, begin) => measure(stand, fcm, sender, begin)
      const product = () => run({ as: 'api', pid: api.pid }, () => noteAsSent(stand, places))
      const alone = () => run({ as: 'firebase-admin', pid: bare.pid }, () => bare.send({ count: pushes }))
      await product()
      await alone()
      return toRows(await inTurns({ product, alone }))
    } finally {
      for (const child of children) child.disconnect()
    }
  })
}

/** Everybody has a message that they have not read, each in a conversation of their own, and a device. */
async function createUnreadMessages(stand) {
  const people = await createPeople(stand, pushes)
  const senders = await createPeople(stand, 10)
  const ids = await createConversations(
    stand,
    people.map((person, n) => [senders[n % senders.length], person]),
  )
  await stand.query(`insert into devices (fcm_token, user_id) select rpad('device-' || id, 150, 'x'), id from unnest($1::uuid[]) as id`, [
    people.map(({ id }) => id),
  ])
  await stand.query(
    `insert into messages (conversation_id, seq, id, sender_id, message_type, content)
     select conversation_id, 1, gen_random_uuid(), sender_id, 'text', repeat('Blood pressure 124/81, temperature 36.8, slept well. ', 2)
     from unnest($1::uuid[], $2::uuid[]) as m (conversation_id, sender_id)`,
    [ids, ids.map((_, n) => senders[n % senders.length].id)],
  )
  await stand.query('update conversations set last_seq = 1, message_count = 1')
  await stand.query('vacuum analyze')
  return ids.map((id) => [id, 1])
}

/** As sends note it, in batches. */
async function noteAsSent(stand, places) {
  const batches = Array.from({ length: Math.ceil(places.length / messagesInIntent) }, (_, n) =>
    JSON.stringify(places.slice(n * messagesInIntent, (n + 1) * messagesInIntent)),
  )
  await stand.query('insert into push_intents (messages) select jsonb(text) from unnest($1::text[]) as text', [batches])
}

async function measure(stand, fcm, sender, begin) {
  await stand.query('update devices set next_push_at = null')
  await stand.settle()
  const groups = [sender, { as: 'fcm', pid: fcm.pid }]
  const driver = { pids: [process.pid] }
  fcm.send({ expected: pushes })
  await once(fcm, 'message')
  const before = stand.cpu(groups, driver)
  await begin()
  const [{ ms }] = await once(fcm, 'message')
  return { perSecond: (pushes / ms) * 1000, cpu: cpuPerOperation(before, stand.cpu(groups, driver), pushes) }
}

function toRows(results) {
  const { perSecond, cpu } = results.product
  return [
    {
      what: 'pushes by one worker, of firebase-admin alone',
      product: rate(perSecond),
      base: rate(results.alone.perSecond),
      ratio: ratioOf(results, 'product', 'alone', (result) => result.perSecond),
      detail: `µs of CPU each: ${cpuText(cpu)}; alone ${cpuText(results.alone.cpu)}`,
      figures: results,
    },
    {
      what: 'pushes by one worker, of the pace it keeps by default',
      product: rate(perSecond),
      base: rate(defaultPerSecond),
      ratio: perSecond / defaultPerSecond,
      target: { min: 1 },
    },
  ]
}
