import type { Conversation, OperationOutput } from '@viatra-chat/contract'
import { eventually, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from './command.js'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const cli = (args: string[], env: Record<string, string> = {}) =>
  runCommand('packages/chat/dist/privacy/privacy-cli.js', args, {
    DATABASE_URL: world.databaseUrl,
    REDIS_URL: world.config.redisUrl,
    ...env,
  })
const applyRetention = (days: Record<string, string>) => cli(['retention'], days)
const forDirect = { RETENTION_DIRECT_DAYS: '30' }

/** As if the first messages had been sent long ago. */
async function age(conversation: { id: string }, uptoSeq: number, days: number): Promise<void> {
  await world.database.query(
    `update messages set created_at = now() - make_interval(days => $3::int) where conversation_id = $1 and seq <= $2`,
    [conversation.id, uptoSeq, days],
  )
}

async function talk(ann: Person, bob: Person, conversation: Conversation): Promise<void> {
  for (const n of [1, 2, 3, 4, 5]) await (n % 2 ? ann : bob).send(conversation, `text ${n} of ${conversation.id}`)
}

describe('retention', () => {
  test('deletes what is older than the days of its type, with receipts, and leaves the rest', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    await talk(ann, bob, conversation)
    const [last] = await bob.history(conversation)
    await bob.rest('POST', `/api/v1/chat/conversations/${conversation.id}/read`, {
      message_ids: (await bob.history(conversation)).map(({ id }) => id),
    })
    await age(conversation, 3, 31)
    await age(conversation, 0, 0)
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    await ann.send(group, 'old, but of a group')
    await age(group, 1, 400)

    const { code, stdout } = await applyRetention(forDirect)
    expect([code, stdout]).toEqual([0, 'Deleted 3 messages and 0 receipts of 1 conversations.\n'])
    expect((await ann.history(conversation)).map(({ seq }) => seq)).toEqual([5, 4])
    expect((await ann.history(group)).map(({ content }) => content)).toEqual(['old, but of a group'])
    const { rows } = await world.database.query<{ seqs: string }>(`select seqs from receipt_marks where conversation_id = $1`, [
      conversation.id,
    ])
    expect(rows.map(({ seqs }) => seqs)).toEqual(['{[5,6)}', '{[5,6)}'].slice(0, rows.length))
    expect(last?.seq).toBe(5)
  })

  test('leaves history, counts, lists and numbers consistent', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    await talk(ann, bob, conversation)
    const [, , third] = await ann.history(conversation)
    await age(conversation, 3, 31)
    await applyRetention(forDirect)
    const at = `/api/v1/chat/conversations/${conversation.id}/messages`
    const page = (query: string) => ann.rest<OperationOutput<'list_messages'>>('GET', `${at}${query}`)
    expect((await page('?limit=1&page=2')).data).toMatchObject({ messages: [{ seq: 4 }], pagination: { total: 2, pages: 2 } })
    expect((await page('?page=2')).data.messages).toEqual([])
    expect((await page(`?before=${third?.id}`)).verdict).toBe('404 MESSAGE_NOT_FOUND')
    expect((await bob.conversation(conversation.id)).unread_count).toBe(1)
    const next = await ann.send(conversation, 'the next')
    expect(next.seq).toBe(6)
    const { messages } = (await ann.rest<{ messages: { seq: number; conversation_id: string }[] }>('GET', '/api/v1/chat/sync')).data
    expect(messages.filter(({ conversation_id }) => conversation_id === conversation.id).every(({ seq }) => seq > 3)).toBe(true)
  })

  test('shows a reply whose parent is gone without it', async () => {
    const { ann, conversation } = await world.twoPeople()
    const parent = await ann.send(conversation, 'the question')
    const reply = await ann.send(conversation, 'the answer', { parent_message_id: parent.id })
    await age(conversation, 1, 31)
    await applyRetention(forDirect)
    expect(await ann.history(conversation)).toMatchObject([{ id: reply.id, parent_message_id: parent.id, parent: null }])
  })

  test('leaves no text in tables, caches and lists', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const marker = `marker-${conversation.id}`
    await ann.send(conversation, marker)
    for (const who of [ann, bob]) await Promise.all([who.history(conversation), who.conversations()])
    await age(conversation, 1, 31)
    await applyRetention(forDirect)
    const keys = await world.redis.keys('*')
    const cached = await Promise.all(keys.map(async (key) => (await world.redis.type(key)) === 'string' && (await world.redis.get(key))))
    expect(cached.filter((value) => value && value.includes(marker))).toEqual([])
    expect((await ann.conversations())[0]?.last_message).toBeNull()
    const { rows } = await world.database.query('select from messages where content = $1', [marker])
    expect(rows).toHaveLength(0)
  })

  test('is on record in the audit log', async () => {
    const { ann, conversation } = await world.twoPeople()
    await ann.send(conversation, 'old')
    await age(conversation, 1, 31)
    await applyRetention(forDirect)
    const { rows } = await world.database.query(
      `select actor_id, details - 'older_than' as details from audit_log where action = 'retention_applied' and conversation_id = $1`,
      [conversation.id],
    )
    expect(rows).toEqual([{ actor_id: null, details: { messages: 1, receipts: 0 } }])
  })

  test('deletes more than a batch, and nothing when it comes again', async () => {
    const { ann, conversation } = await world.twoPeople()
    await ann.send(conversation, 'the first')
    await world.database.query(
      `with added as (
         insert into messages (conversation_id, seq, id, sender_id, message_type, content, created_at)
         select $1, n, gen_random_uuid(), $2, 'text', 'filler', now() - interval '40 days' from generate_series(2, 2500) n)
       update conversations set last_seq = 2500, message_count = 2500 where id = $1`,
      [conversation.id, ann.id],
    )
    await age(conversation, 1, 41)
    expect((await applyRetention(forDirect)).stdout).toContain('Deleted 2500 messages')
    expect((await applyRetention(forDirect)).stdout).toContain('Deleted 0 messages')
    expect(
      (await ann.rest<OperationOutput<'list_messages'>>('GET', `/api/v1/chat/conversations/${conversation.id}/messages`)).data.pagination
        .total,
    ).toBe(0)
  })
})

describe('a legal hold', () => {
  const hold = async (...args: string[]) => (await cli(['hold', ...args, '--reason', 'court order 7'])).stdout.trim()

  test.each(['conversation', 'user'] as const)('on a %s wins over retention until it is lifted', async (kind) => {
    const { ann, bob, conversation } = await world.twoPeople()
    await talk(ann, bob, conversation)
    await age(conversation, 5, 31)
    const id = await hold(`--${kind}`, kind === 'user' ? bob.id : conversation.id)
    await applyRetention(forDirect)
    expect(await ann.history(conversation)).toHaveLength(5)
    expect(await hold('--lift', id)).toBe(`Lifted ${id}.`)
    await applyRetention(forDirect)
    expect(await ann.history(conversation)).toHaveLength(0)
    const { rows } = await world.database.query(`select action, reason from audit_log where details ->> 'hold_id' = $1 order by id`, [id])
    expect(rows).toEqual(['legal_hold_placed', 'legal_hold_lifted'].map((action) => ({ action, reason: 'court order 7' })))
  })

  test('of a person covers what they left', async () => {
    const [ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id] })
    await bob.send(group, 'evidence')
    await bob.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${bob.id}`)
    await age(group, 9, 31)
    await hold('--user', bob.id)
    await applyRetention({ RETENTION_GROUP_DAYS: '30' })
    expect((await ann.history(group)).map(({ content }) => content)).toContain('evidence')
  })

  test('that is not there cannot be lifted', async () => {
    expect(await cli(['hold', '--lift', '0190f3c0-0000-7000-8000-000000000000', '--reason', 'none'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no hold'),
    })
  })
})

test('an API applies the retention by itself, again and again, under the rights of a service', async () => {
  const own = await startWorld({ env: { RETENTION_DIRECT_DAYS: '30', RETENTION_INTERVAL: '1s' } })
  try {
    for (const round of [1, 2]) {
      const { ann, conversation } = await own.twoPeople()
      await ann.send(conversation, `round ${round}`)
      await own.database.query(`update messages set created_at = now() - interval '31 days' where conversation_id = $1`, [conversation.id])
      await eventually(async () => expect(await ann.history(conversation)).toEqual([]))
    }
  } finally {
    await own.close()
  }
})
