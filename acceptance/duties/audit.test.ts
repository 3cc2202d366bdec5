import { eventually, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from './command.js'

// A row is sealed once no transaction of the whole server is older: tests that run beside this one hold some open.
const sealedWithinMs = 45_000

let world: World
beforeAll(async () => {
  world = await startWorld({ env: { AUDIT_SENDS: 'on' } })
})
afterAll(() => world.close())

interface AuditRow {
  actor_id: string | null
  action: string
  conversation_id: string | null
  message_id: string | null
  reason: string | null
  details: Record<string, unknown>
}

async function auditOf(conversation: { id: string }): Promise<AuditRow[]> {
  const { rows } = await world.database.query<AuditRow>(
    `select actor_id, action, conversation_id, message_id, reason, details from audit_log
     where conversation_id = $1 or details::text like '%' || $1::text || '%' order by id`,
    [conversation.id],
  )
  return rows
}

const actions = (rows: readonly AuditRow[]) => rows.map(({ action }) => action)

describe('the audit log tells', () => {
  test('who began a conversation, changed its members, roles and details, and left', async () => {
    const [ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const at = `/api/v1/chat/conversations/${group.id}`
    await ann.rest('POST', `${at}/participants`, { participant_ids: [cid.id] })
    await ann.rest('PATCH', `${at}/participants/${bob.id}`, { participant_role: 'moderator' })
    await ann.rest('PATCH', at, { metadata: { name: 'Ward seven' } })
    await bob.rest('DELETE', `${at}/participants/${cid.id}`)
    await ann.rest('DELETE', `${at}/participants/${ann.id}`)
    const rows = await auditOf(group)
    expect(rows.map(({ action, actor_id, details }) => [action, actor_id, details])).toEqual([
      ['conversation_created', ann.id, { type: 'group', user_ids: [ann.id, bob.id] }],
      ['participants_added', ann.id, { user_ids: [cid.id] }],
      ['role_changed', ann.id, { user_ids: [bob.id], role: 'moderator' }],
      ['metadata_changed', ann.id, { user_ids: [] }],
      ['participant_removed', bob.id, { user_ids: [cid.id] }],
      ['participant_left', ann.id, { user_ids: [ann.id], new_owner_id: bob.id }],
    ])
    expect(JSON.stringify(rows)).not.toContain('Ward seven')
  })

  test('who sent which message and who deleted it, without a word of it', async () => {
    const { ann, conversation } = await world.twoPeople()
    const message = await ann.send(conversation, 'a secret of the patient', { metadata: { note: 'another secret' } })
    await ann.rest('DELETE', `/api/v1/chat/messages/${message.id}`)
    const rows = await auditOf(conversation)
    expect(actions(rows)).toEqual(['conversation_created', 'messages_sent', 'message_deleted'])
    expect(rows[1]?.details).toEqual({ messages: [[message.id, conversation.id, 1, ann.id]] })
    expect(rows[2]).toMatchObject({ actor_id: ann.id, message_id: message.id })
    expect(JSON.stringify(rows)).not.toContain('secret')
  })

  test('of sends that were refused, and of repeated ones, nothing', async () => {
    const { ann, conversation } = await world.twoPeople()
    await ann.send(conversation, 'once', { client_message_id: 'k' })
    await ann.send(conversation, 'once', { client_message_id: 'k' })
    expect(actions(await auditOf(conversation))).toEqual(['conversation_created', 'messages_sent'])
  })

  test('each look of an administrator, with its reason', async () => {
    const { ann, conversation } = await world.twoPeople()
    const message = await ann.send(conversation, 'looked at')
    const root = await world.person('Root', { role: 'admin' })
    for (const n of [1, 2, 3]) await root.rest('GET', `/api/v1/admin/messages/${message.id}?reason=complaint${n}`)
    const traced = await root.rest('GET', `/api/v1/admin/messages/${message.id}?reason=complaint4`)
    const { rows } = await world.database.query('select request_id from audit_log where actor_id = $1 order by id desc limit 1', [root.id])
    expect(rows).toEqual([{ request_id: traced.headers.get('x-request-id') }])
    const looks = (await auditOf(conversation)).filter(({ action }) => action === 'message_read_by_admin')
    expect(looks.map(({ actor_id, reason }) => [actor_id, reason])).toEqual([1, 2, 3, 4].map((n) => [root.id, `complaint${n}`]))
  })
})

test('sends leave no row where AUDIT_SENDS is off', async () => {
  const quiet = await startWorld({ env: { AUDIT_SENDS: 'off' } })
  try {
    const { ann, conversation } = await quiet.twoPeople()
    await ann.send(conversation, 'unrecorded')
    const { rows } = await quiet.database.query('select action from audit_log')
    expect(rows).toEqual([{ action: 'conversation_created' }])
  } finally {
    await quiet.close()
  }
})

describe('denied access', () => {
  const denials = async (who: Person) => {
    const { rows } = await world.database.query<{ conversation_id: string | null; message_id: string | null; details: object }>(
      `select conversation_id, message_id, details from audit_log where action = 'access_denied' and actor_id = $1 order by id`,
      [who.id],
    )
    return rows
  }

  test('is told with who, what and where, of both transports', async () => {
    const { ann, conversation } = await world.twoPeople()
    const message = await ann.send(conversation, 'not for you')
    const eve = await world.person('Eve')
    await eve.rest('GET', `/api/v1/chat/conversations/${conversation.id}`)
    await eve.rest('DELETE', `/api/v1/chat/messages/${message.id}`)
    const socket = await eve.connect()
    await socket.ask('join_conversation', { conversationId: conversation.id })
    await eventually(async () =>
      expect(await denials(eve)).toEqual([
        { conversation_id: conversation.id, message_id: null, details: { operation: 'get_conversation', code: 'NOT_A_PARTICIPANT' } },
        { conversation_id: null, message_id: message.id, details: { operation: 'delete_message', code: 'NOT_A_PARTICIPANT' } },
        { conversation_id: conversation.id, message_id: null, details: { operation: 'join_conversation', code: 'NOT_A_PARTICIPANT' } },
      ]),
    )
  })

  test('of a flood a few rows remain, and one that counts the rest', async () => {
    const own = await startWorld()
    const { conversation } = await own.twoPeople()
    const eve = await own.person('Eve')
    await Promise.all(Array.from({ length: 300 }, () => eve.rest('GET', `/api/v1/chat/conversations/${conversation.id}`)))
    // The rest is written at the end of the minute, or of the process.
    await own.stopServices()
    const { rows } = await own.database.query<{ actor_id: string | null; details: object }>(
      `select actor_id, details from audit_log where action = 'access_denied' order by id`,
    )
    await own.close()
    expect(rows.slice(0, -1).map(({ actor_id }) => actor_id)).toEqual(Array.from({ length: 5 }, () => eve.id))
    expect(rows.at(-1)).toEqual({ actor_id: null, details: { more: 295, people: { [eve.id]: 295 } } })
  })
})

describe('the chain', () => {
  // Triggers refuse these even to the owner: whoever tampers has switched them off first.
  const tamper = (statement: string) =>
    own.database.query(`
      alter table audit_log disable trigger all; alter table audit_chain disable trigger all;
      ${statement};
      alter table audit_log enable always trigger audit_log_append_only; alter table audit_chain enable always trigger audit_chain_append_only`)
  const verify = (...args: string[]) => runCommand('db/dist/audit-verify-cli.js', args, { DATABASE_URL: own.databaseUrl })
  const headOf = (stdout: string) => /head (\S+)/.exec(stdout)?.[1] ?? ''
  let own: World
  let head: string

  beforeAll(async () => {
    own = await startWorld()
    const { ann, bob, conversation } = await own.twoPeople()
    for (const n of [1, 2, 3, 4]) await ann.send(conversation, `message ${n}`)
    await bob.send(conversation, 'and one of mine')
    await eventually(async () => {
      const { stdout } = await verify()
      expect(stdout).toMatch(/^OK 6 links, 0 rows wait/)
      head = headOf(stdout)
    }, sealedWithinMs)
    // A sealer would go on meanwhile.
    await own.stopServices()
    await own.database.query('create table audit_log_before as table audit_log; create table audit_chain_before as table audit_chain')
  })
  afterAll(() => own.close())

  const restore = () =>
    tamper(`truncate audit_log, audit_chain;
      insert into audit_log overriding system value select * from audit_log_before; insert into audit_chain select * from audit_chain_before`)

  test('is whole after all that people do, and leads through a head that was noted', async () => {
    expect(await verify('--head', head)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^OK 6 links/) })
  })

  test.each([
    [
      'a row is changed',
      `update audit_log set actor_id = gen_random_uuid() where id = (select audit_id from audit_chain where position = 3)`,
      'row_changed',
      3,
    ],
    [
      'the reason of a row is changed',
      `update audit_log set reason = 'of my own' where id = (select audit_id from audit_chain where position = 1)`,
      'row_changed',
      1,
    ],
    [
      'the time of a row is changed',
      `update audit_log set at = at - interval '1 ms' where id = (select audit_id from audit_chain where position = 2)`,
      'row_changed',
      2,
    ],
    ['a row is deleted', `delete from audit_log where id = (select audit_id from audit_chain where position = 4)`, 'row_missing', 4],
    [
      'a row is deleted with its link',
      `delete from audit_log where id = (select audit_id from audit_chain where position = 4); delete from audit_chain where position = 4`,
      'link_missing',
      4,
    ],
    [
      'a row is deleted and the links behind it are moved up',
      `delete from audit_log where id = (select audit_id from audit_chain where position = 2); delete from audit_chain where position = 2;
       update audit_chain set position = position - 1 where position > 2`,
      'row_changed',
      2,
    ],
    [
      'a row is put in between',
      `insert into audit_log (action, written_xid) select 'message_deleted', written_xid from audit_chain where position = 3`,
      'row_unsealed',
      '-',
    ],
    [
      'two rows change places',
      `update audit_chain a set audit_id = b.audit_id from audit_chain b where (a.position, b.position) in ((2, 3), (3, 2))`,
      'row_changed',
      2,
    ],
    ['a hash is replaced', `update audit_chain set hash = sha256('mine') where position = 5`, 'row_changed', 5],
  ])('is found broken at the first place when %s', async (_, statement, breach, position) => {
    await tamper(statement)
    const { code, stdout } = await verify()
    await restore()
    expect(stdout).toContain(`BROKEN ${breach} at link ${position},`)
    expect(code).toBe(1)
    expect((await verify()).code).toBe(0)
  })

  test.each([
    [
      'its end is cut off',
      `delete from audit_log where id in (select audit_id from audit_chain where position > 4); delete from audit_chain where position > 4`,
    ],
    [
      'it is written anew',
      `update audit_log set actor_id = gen_random_uuid() where action = 'conversation_created'; truncate audit_chain; select chat_seal_audit(100)`,
    ],
  ])('fits itself when %s, but not the head that was noted', async (_, statement) => {
    await tamper(statement)
    const [alone, withHead] = [await verify(), await verify('--head', head)]
    await restore()
    expect(alone.code).toBe(0)
    expect(withHead).toMatchObject({ code: 1, stdout: expect.stringContaining('BROKEN head_differs') })
  })

  test.each([
    'update audit_log set reason = null',
    'delete from audit_log',
    'truncate audit_log',
    'update audit_chain set position = 9',
    'delete from audit_chain',
  ])('refuses even its owner to %s', async (statement) => {
    await expect(own.database.query(statement)).rejects.toThrow('are only ever added')
  })

  test('that cannot be read ends the command with another status', async () => {
    const away = new URL(own.databaseUrl)
    away.pathname = '/nowhere'
    expect(await runCommand('db/dist/audit-verify-cli.js', [], { DATABASE_URL: away.href })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('could not be verified'),
    })
    expect((await verify('--head', 'nonsense')).code).toBe(2)
  })
})

test('rows of transactions that end in another order than they began are all sealed, each once', { timeout: 60_000 }, async () => {
  const own = await startWorld()
  const [early, late] = [await own.database.connect(), await own.database.connect()]
  await early.query(`begin; insert into audit_log (action) values ('early')`)
  await late.query(`begin; insert into audit_log (action) values ('late'); commit`)
  await early.query('commit')
  early.release()
  late.release()
  await eventually(async () => {
    const { rows } = await own.database.query<{ action: string }>(
      'select a.action from audit_chain c join audit_log a on a.id = c.audit_id order by c.position',
    )
    expect(rows.map(({ action }) => action)).toEqual(['early', 'late'])
  }, sealedWithinMs)
  await own.close()
})
