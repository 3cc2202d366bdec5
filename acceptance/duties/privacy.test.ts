import type { OperationOutput, SyncPage } from '@viatra-chat/contract'
import { eventually, startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from './command.js'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const cli = (...args: string[]) =>
  runCommand('packages/chat/dist/privacy/privacy-cli.js', args, { DATABASE_URL: world.databaseUrl, REDIS_URL: world.config.redisUrl })

type Line = { kind: string } & Record<string, unknown>
const linesOf = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

/** A person with something of everything, and a neighbour whose things are not theirs. */
async function scene() {
  const { ann, bob, conversation } = await world.twoPeople()
  await ann.send(conversation, 'of Ann')
  const deleted = await ann.send(conversation, 'deleted by Ann')
  await ann.rest('DELETE', `/api/v1/chat/messages/${deleted.id}`)
  const theirs = await bob.send(conversation, 'of Bob alone')
  await ann.rest('POST', `/api/v1/chat/conversations/${conversation.id}/read`, { message_ids: [theirs.id] })
  await ann.rest('POST', '/api/v1/auth/fcm-token', { fcm_token: `token-${ann.id}`, device_id: 'phone' })
  const group = await bob.create({ type: 'group', participant_ids: [ann.id] })
  await bob.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${ann.id}`)
  return { ann, bob, conversation, group }
}

describe('an export', () => {
  test('has everything of a person, and nothing that others wrote', async () => {
    const { ann, conversation, group } = await scene()
    const { code, stdout } = await cli('export', '--user', ann.id, '--reason', 'asked on paper')
    expect(code).toBe(0)
    const lines = linesOf(stdout)
    const of = (kind: string) => lines.filter((line) => line.kind === kind)
    expect(of('person')).toMatchObject([{ id: ann.id, first_name: 'Ann', email: `${ann.id}@example.org` }])
    expect(of('device')).toMatchObject([{ fcm_token: `token-${ann.id}`, device_id: 'phone' }])
    expect(
      of('conversation')
        .map(({ id, left_at }) => [id, left_at !== null])
        .toSorted(),
    ).toEqual(
      [
        [conversation.id, false],
        [group.id, true],
      ].toSorted(),
    )
    expect(of('message').map(({ content }) => content)).toEqual(['of Ann', 'deleted by Ann'])
    expect(of('receipt').map(({ receipt, seqs }) => [receipt, seqs])).toEqual([['read', '{[3,4)}']])
    expect(of('audit').map(({ action }) => action)).toEqual(['conversation_created', 'message_deleted', 'data_exported'])
    expect(stdout).not.toContain('of Bob alone')
  })

  test('over the API is the same, page by page, each on record', async () => {
    const { ann, conversation } = await scene()
    await world.database.query(
      `with added as (
         insert into messages (conversation_id, seq, id, sender_id, message_type, content)
         select $1, n, gen_random_uuid(), $2, 'text', 'filler ' || n from generate_series(4, 1103) n)
       update conversations set last_seq = 1103, message_count = message_count + 1100 where id = $1`,
      [conversation.id, ann.id],
    )
    const root = await world.person('Root', { role: 'admin' })
    const records: Line[] = []
    let pages = 0
    for (let cursor: string | null = ''; cursor !== null; pages++) {
      const query: string = new URLSearchParams({ reason: 'asked on paper', ...(cursor && { cursor }) }).toString()
      const { data }: { data: OperationOutput<'export_person'> } = await root.rest<OperationOutput<'export_person'>>(
        'GET',
        `/api/v1/admin/people/${ann.id}/export?${query}`,
      )
      records.push(...(data.records as Line[]))
      cursor = data.next_cursor
    }
    const whole = linesOf((await cli('export', '--user', ann.id, '--reason', 'to compare')).stdout)
    const withoutAudit = (lines: Line[]) => lines.filter(({ kind }) => kind !== 'audit')
    expect(withoutAudit(records)).toEqual(withoutAudit(whole))
    expect(records.filter(({ kind }) => kind === 'message')).toHaveLength(1102)
    const { rows } = await world.database.query(
      `select count(*)::int as rows from audit_log where action = 'data_exported' and actor_id = $1 and subject_id = $2 and reason = 'asked on paper'`,
      [root.id, ann.id],
    )
    expect(rows).toEqual([{ rows: pages }])
  })

  test('is for administrators who say why', async () => {
    const { ann, bob } = await world.twoPeople()
    const root = await world.person('Root', { role: 'admin' })
    const ask = (who: typeof ann, query: string, id: string = ann.id) => who.rest('GET', `/api/v1/admin/people/${id}/export${query}`)
    expect((await ask(bob, '?reason=curious')).verdict).toBe('403 FORBIDDEN')
    expect((await ask(ann, '?reason=about+me')).verdict).toBe('403 FORBIDDEN')
    expect((await ask(root, '')).paths).toEqual(['reason'])
    expect((await ask(root, '?reason=asked&cursor=nonsense')).paths).toEqual(['cursor'])
    expect((await ask(root, '?reason=asked', '0a0a0a0a-0000-4000-8000-00000000000f')).verdict).toBe('404 USER_NOT_FOUND')
  })

  test.each([
    [['--user', 'nobody', '--reason', 'x y z'], '--user must be an id'],
    [['--user', '0a0a0a0a-0000-4000-8000-00000000000f', '--reason', 'x y z'], 'There is no person'],
    [['--user', '0a0a0a0a-0000-4000-8000-00000000000f'], '--reason is missing'],
    [['--who', 'x'], 'Usage'],
  ])('with %j is refused in a sentence', async (args, sentence) => {
    const { code, stdout, stderr } = await cli('export', ...args)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(sentence)
    expect(stderr).not.toContain('    at ')
  })
})

describe('an erasure', () => {
  test('leaves the thread and nothing that says who it was', async () => {
    const ann = await world.person('Annabella')
    const [bob, cid] = await world.people('Bob', 'Cid')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    await ann.rest('POST', `/api/v1/chat/conversations/${group.id}/participants`, { participant_ids: [cid.id] })
    await ann.send(group, 'my text')
    await bob.send(group, 'an answer')
    await ann.rest('POST', '/api/v1/auth/fcm-token', { fcm_token: `token-${ann.id}` })
    const socket = await ann.connect()
    await Promise.all([bob.history(group), bob.conversations()])
    const sync = async (query = '') => (await bob.rest<SyncPage>('GET', `/api/v1/chat/sync${query}`)).data
    const { next } = await sync()

    const { code, stdout } = await cli('erase', '--user', ann.id, '--reason', 'Article 17')
    expect([code, stdout]).toEqual([0, `Erased ${ann.id}: 1 conversations, 1 sentences changed, 0 messages emptied.\n`])
    await eventually(() => expect(socket.socket.connected).toBe(false))
    const history = await bob.history(group)
    expect(history.map(({ content }) => content)).toEqual(['an answer', 'my text', expect.stringContaining('Deleted person added Cid')])
    expect((await sync(`?since=${next}`)).messages).toContainEqual(history[2])
    expect(history[1]?.sender).toMatchObject({ id: ann.id, first_name: 'Deleted', last_name: 'person', avatar_url: null })
    // An API may go by what it read of them for 2 s.
    await eventually(async () => expect((await ann.rest('GET', '/api/v1/chat/conversations')).status).toBe(403))
    await expectNowhere('Annabella', `token-${ann.id}`, `${ann.id}@example.org`)
  })

  test('of somebody who is connected leaves no time at which they were', async () => {
    const own = await startWorld()
    try {
      const { ann, bob } = await own.twoPeople()
      const [theirs, listener] = [await ann.connect(), await bob.connect()]
      await theirs.settled()
      const args = ['erase', '--user', ann.id, '--reason', 'Article 17']
      const env = { DATABASE_URL: own.databaseUrl, REDIS_URL: own.config.redisUrl }
      expect((await runCommand('packages/chat/dist/privacy/privacy-cli.js', args, env)).code).toBe(0)
      await theirs.ended()
      await listener.hears('user_offline', ({ userId }) => userId === ann.id)
      const { data } = await bob.rest('GET', `/api/v1/chat/presence?user_ids=${ann.id}`)
      expect(data).toEqual({ presence: [{ user_id: ann.id, is_online: false, last_seen: null }] })
      // What waits to be stored is stored by then.
      await own.stopServices()
      expect((await own.database.query('select from last_seen where user_id = $1', [ann.id])).rowCount).toBe(0)
      expect((await own.redis.get(`presence:lastseen:${ann.id}`)) ?? '').toBe('')
    } finally {
      await own.close()
    }
  })

  test.each<[what: string, table: string, method: string, path: string, input: Record<string, unknown>]>([
    ['device', 'devices', 'POST', '/api/v1/auth/fcm-token', { fcm_token: 'token-of-somebody' }],
    ['quiet hours', 'quiet_hours', 'PUT', '/api/v1/chat/quiet-hours', { from: '22:00', to: '07:00', time_zone: 'Europe/Vienna' }],
  ])('leaves no %s, although an app goes on saying them until it is refused', async (_, table, method, path, input) => {
    const ann = await world.person('Ann')
    let verdict = (await ann.rest(method, path, input)).verdict
    const erasing = cli('erase', '--user', ann.id, '--reason', 'Article 17')
    while (verdict === '200') verdict = (await ann.rest(method, path, input)).verdict
    expect([verdict, (await erasing).code]).toEqual(['403 USER_INACTIVE', 0])
    expect((await world.database.query(`select from ${table} where user_id = $1`, [ann.id])).rowCount).toBe(0)
    expect((await world.database.query('select fcm_token from users where id = $1', [ann.id])).rows).toEqual([{ fcm_token: null }])
  })

  test('with messages empties what they wrote; counts and numbers stay right', async () => {
    const { ann, bob, conversation } = await scene()
    const { stdout } = await cli('erase', '--user', ann.id, '--reason', 'Article 17', '--with-messages')
    expect(stdout).toContain('2 messages emptied')
    const { messages, pagination } = (
      await bob.rest<OperationOutput<'list_messages'>>('GET', `/api/v1/chat/conversations/${conversation.id}/messages`)
    ).data
    expect([messages.map(({ content }) => content), pagination.total]).toEqual([['of Bob alone'], 1])
    expect((await bob.send(conversation, 'goes on')).seq).toBe(4)
    const { rows } = await world.database.query(
      `select content, metadata from messages where sender_id = $1 and message_type <> 'system'`,
      [ann.id],
    )
    expect(rows).toEqual([1, 2].map(() => ({ content: null, metadata: {} })))
  })

  test('is on record with its ground, and the audit log still verifies', { timeout: 60_000 }, async () => {
    const { ann } = await scene()
    await cli('erase', '--user', ann.id, '--reason', 'Article 17')
    const { rows } = await world.database.query(`select action, reason from audit_log where subject_id = $1`, [ann.id])
    expect(rows).toEqual([{ action: 'person_erased', reason: 'Article 17' }])
    await eventually(async () => {
      const { code, stdout } = await runCommand('db/dist/audit-verify-cli.js', [], { DATABASE_URL: world.databaseUrl })
      expect([code, stdout]).toEqual([0, expect.stringContaining(' 0 rows wait')])
      // Sealing waits for every older transaction of the server, those of tests beside this one too.
    }, 45_000)
  })

  test('waits for a hold to be lifted', async () => {
    const { ann } = await world.twoPeople()
    const hold = (await cli('hold', '--user', ann.id, '--reason', 'court order')).stdout.trim()
    expect(await cli('erase', '--user', ann.id, '--reason', 'Article 17')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('A legal hold'),
    })
    expect((await ann.rest('GET', '/api/v1/chat/conversations')).status).toBe(200)
    await cli('hold', '--lift', hold, '--reason', 'over')
    expect((await cli('erase', '--user', ann.id, '--reason', 'Article 17')).code).toBe(0)
  })

  /** Neither in a table nor in Redis. */
  async function expectNowhere(...words: string[]): Promise<void> {
    const { rows } = await world.database.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
    )
    for (const word of words) {
      for (const { name } of rows) {
        const found = await world.database.query(`select from ${name} t where t::text like '%' || $1 || '%'`, [word])
        expect(found.rowCount, `${word} in ${name}`).toBe(0)
      }
      for (const key of await world.redis.keys('*'))
        if ((await world.redis.type(key)) === 'string') expect(await world.redis.get(key), key).not.toContain(word)
    }
  }
})
