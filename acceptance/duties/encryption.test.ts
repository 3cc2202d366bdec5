import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApi } from '@viatra-chat/api'
import type { Conversation, Message, OperationOutput } from '@viatra-chat/contract'
import { createLogger, readConfig, type Config } from '@viatra-chat/runtime'
import { connect, doors, eventually, joinFrom, spawnApi, startWorld, testSecret, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { everythingInPostgres } from '../hostile/everything-in-postgres.js'
import { everythingInRedis } from '../hostile/everything-in-redis.js'
import { startPushWorld, type PushWorld } from '../push/push-world.js'
import { runCommand, type Ended } from './command.js'

const chat = '/api/v1/chat'
const marker = 'BIOPSY-4471'

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64')
const [may, november] = [`2026-05:${keyOf(5)}`, `2026-11:${keyOf(11)}`]
const on = (keys: string) => ({ CONTENT_ENCRYPTION: 'on', CONTENT_KEYS: keys })

let pushes: PushWorld
let world: World
beforeAll(async () => {
  pushes = await startPushWorld(on(may), { apis: 2, gateways: 2 })
  world = pushes.world
})
afterAll(() => pushes.close())

const command = (program: string, args: string[], env: Record<string, string>, at: World = world): Promise<Ended> =>
  runCommand(`packages/chat/dist/${program}.js`, args, { DATABASE_URL: at.databaseUrl, REDIS_URL: at.config.redisUrl, ...env })
const content = (args: string[], keys: string, at: World = world) => command('encryption/content-cli', args, { CONTENT_KEYS: keys }, at)
const shred = ({ id }: { id: string }) => command('privacy/privacy-cli', ['shred', '--conversation', id, '--reason', 'asked on paper'], {})

/** One more API on the stores of a world, with other settings; as a person sees it. */
async function anotherApi(at: World, env: Record<string, string>) {
  const base = { DATABASE_URL: at.config.databaseUrl, REDIS_URL: at.config.redisUrl, JWT_SECRET: testSecret, HOST: '127.0.0.1', PORT: '0' }
  const config = readConfig({ ...base, RATE_LIMIT_MULTIPLIER: '1000', ...env })
  const api = await startApi(config, createLogger({ name: 'test', level: 'fatal' }))
  return {
    stop: () => api.stop(),
    get: async <T>(who: Person, path: string): Promise<T> => {
      const answer = await fetch(`${api.url}${chat}${path}`, { headers: { authorization: `Bearer ${who.token}` } })
      return ((await answer.json()) as { data: T }).data
    },
  }
}

const page = ({ id }: { id: string }) => `/conversations/${id}/messages`
const contentsOf = (messages: readonly Message[]) => messages.map((message) => message.content)
const problemsOf = (starting: Promise<unknown>) =>
  starting.then(
    () => [],
    (error: { problems?: string[] }) => error.problems,
  )

/** A group in which a secret was said with an attachment, quoted, deleted elsewhere, and pushed. */
async function scene() {
  const [ann, bob] = await world.people('Ann', 'Bob')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
  const said = { metadata: { file_name: `${marker}.pdf`, attachment_url: `https://files.example/${marker}` }, client_message_id: 'once' }
  const secret = await ann.send(group, `${marker} is benign`, said)
  const reply = await bob.send(group, 'thank you', { parent_message_id: secret.id })
  return { ann, bob, group, secret, reply, said }
}

describe('with encryption on', () => {
  test.each(doors)('what is sent over $name is said to everybody, and lies nowhere in plain text', async (door) => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const token = await pushes.device(bob)
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const listener = await joinFrom(ann, group, 1)
    const metadata = { file_name: `${marker}.pdf`, nested: { of: [marker, 1.5, null] }, mentions: [bob.id, marker] }
    const input = { conversation_id: group.id, content: `${marker} über ${door.name}`, metadata }
    const { data } = (await door.ask(ann, 'send_message', input)) as { data: Record<string, unknown> }
    expect(data).toMatchObject({ content: input.content, metadata })
    const message = await listener.hears('new_message')
    expect(message).toMatchObject({ content: input.content, metadata })
    const reply = await bob.send(group, `re ${marker}`, { parent_message_id: message.id })
    expect(reply.parent).toMatchObject({ id: message.id, content: input.content })
    expect((await listener.hears('new_message', ({ id }) => id === reply.id)).parent?.content).toBe(input.content)

    const [push] = await pushes.gets(token, 1)
    expect(push?.notification?.body).toBe(input.content)
    for (const api of [0, 1]) {
      expect(await bob.history(group, '', { api })).toMatchObject([
        { content: `re ${marker}`, parent: { content: input.content } },
        { content: input.content, metadata, parent: null },
      ])
      expect((await bob.conversations('', { api }))[0]?.last_message?.content).toBe(`re ${marker}`)
    }
    const anew = await bob.rest<OperationOutput<'sync'>>('GET', `${chat}/sync`)
    await ann.send(group, `later ${marker}`)
    const changes = await door.ask(bob, 'sync', { since: anew.data.next })
    expect(changes).toMatchObject({ data: { messages: [{ content: `later ${marker}` }] } })

    await pushes.allDecided()
    const hex = Buffer.from(marker).toString('hex')
    const [inPostgres, inRedis] = [await everythingInPostgres(world.database), await everythingInRedis(world.redis)]
    for (const held of [inPostgres, inRedis]) {
      expect(held).toContain(group.id)
      expect(held).not.toContain(marker)
      expect(held).not.toContain(hex)
    }
    listener.close()
  })

  test('an export and the views of administrators show what was said, deleted or not', async () => {
    const { ann, bob, group, secret } = await scene()
    const root = await world.person('Root', { role: 'admin' })
    await ann.rest('DELETE', `${chat}/messages/${secret.id}`)
    expect((await bob.history(group))[0]?.parent).toMatchObject({ is_deleted: true, content: null })
    const one = await root.rest<Message>('GET', `/api/v1/admin/messages/${secret.id}?reason=complaint`)
    expect(one.data).toMatchObject({ content: secret.content, metadata: secret.metadata, is_deleted: true })
    const exported = await command('privacy/privacy-cli', ['export', '--user', ann.id, '--reason', 'asked'], { CONTENT_KEYS: may })
    const lines = exported.stdout.split('\n').flatMap((line) => (line ? [JSON.parse(line) as Record<string, unknown>] : []))
    const messages = lines.filter(({ kind }) => kind === 'message')
    expect(messages).toEqual([expect.objectContaining({ content: secret.content, metadata: secret.metadata })])
    expect(messages[0]).not.toHaveProperty('sealed')
    const path = `/api/v1/admin/people/${ann.id}/export`
    const { data } = await root.rest<OperationOutput<'export_person'>>('GET', `${path}?reason=asked&cursor=message.0`)
    expect(JSON.stringify(data.records)).toContain(secret.content)
  })

  test.each(doors)('a retry over $name is the first message, and another text under its id is refused', async (door) => {
    const { ann, group, secret, said } = await scene()
    const retry = (more: Record<string, unknown>) =>
      door.ask(ann, 'send_message', { conversation_id: group.id, content: secret.content, ...said, ...more })
    expect(await retry({})).toMatchObject({ success: true, data: { id: secret.id, content: secret.content } })
    const keysTurned = Object.fromEntries(Object.entries(said.metadata).reverse())
    expect(await retry({ metadata: keysTurned })).toMatchObject({ success: true, data: { id: secret.id } })
    for (const other of [{ content: 'another text' }, { metadata: {} }, { message_type: 'image' }])
      expect(await retry(other)).toMatchObject({ success: false, code: 'CONFLICT' })
    expect(await ann.history(group)).toHaveLength(2)
  })

  test('strangers, and senders into nothing, are refused as ever, and make no keys', async () => {
    const [ann, bob, eve] = await world.people('Ann', 'Bob', 'Eve')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const send = (id: string) => eve.rest('POST', `${chat}/conversations/${id}/messages`, { content: 'hello' })
    expect((await send(group.id)).verdict).toBe('403 NOT_A_PARTICIPANT')
    expect((await send('0190f3c0-0000-7000-8000-000000000000')).verdict).toBe('404 CONVERSATION_NOT_FOUND')
    const { rows } = await world.database.query('select from conversation_keys where conversation_id = $1', [group.id])
    expect(rows).toHaveLength(0)
  })

  test('many who write first at once, on all instances, share one key', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    for (let round = 0; round < 10; round++) {
      const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
      await Promise.all(Array.from({ length: 12 }, (_, n) => (n % 3 ? ann : bob).send(group, `text ${n}`, {}, { api: n % 2 })))
      const texts = contentsOf(await ann.history(group, '', { api: 1 }))
      expect(texts.toSorted()).toEqual(Array.from({ length: 12 }, (_, n) => `text ${n}`).toSorted())
      const { rows } = await world.database.query('select version from conversation_keys where conversation_id = $1', [group.id])
      expect(rows).toEqual([{ version: 1 }])
    }
  })

  test('content that stands in the place of another is not shown, and the rest of the page is', async () => {
    const { ann, bob, group, secret, reply } = await scene()
    const other = await ann.create({ type: 'group', participant_ids: [bob.id] })
    await ann.send(other, 'from elsewhere')
    const put = (from: string, to: string) =>
      world.database.query(`update messages set sealed = (select sealed from messages where id = $1) where id = $2`, [from, to])
    await put(reply.id, secret.id)
    expect(await ann.history(group)).toMatchObject([
      { id: reply.id, content: 'thank you', parent: { id: secret.id, content: null } },
      { id: secret.id, content: null, metadata: {}, is_deleted: false },
    ])
    await world.database.query(`update messages set sealed = '\\x00' where id = $1`, [secret.id])
    expect(contentsOf(await ann.history(group))).toEqual(['thank you', null])
    const [foreign] = await ann.history(other)
    await put(secret.id, foreign?.id ?? '')
    await put(reply.id, foreign?.id ?? '')
    expect((await ann.conversations()).map(({ last_message }) => last_message?.content)).toEqual([null, 'thank you'])
  })

  test('a person is erased with what they wrote', async () => {
    const { ann, bob, group, secret } = await scene()
    await command('privacy/privacy-cli', ['erase', '--user', ann.id, '--reason', 'asked', '--with-messages'], {})
    const { rows } = await world.database.query('select content, sealed from messages where id = $1', [secret.id])
    expect(rows).toEqual([{ content: null, sealed: null }])
    expect(contentsOf(await bob.history(group))).toEqual(['thank you'])
  })
})

describe('switching it on', () => {
  let before: World
  beforeAll(async () => {
    before = await startWorld()
  })
  afterAll(() => before.close())

  test('leaves what was written before readable, seals what comes, and a command seals the rest', async () => {
    const { ann, bob, conversation } = await before.twoPeople()
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    await ann.send(group, `${marker} from before`, { metadata: { file_name: `${marker}.pdf` }, client_message_id: 'old' })
    await ann.rest('PATCH', `${chat}/conversations/${group.id}`, { metadata: { name: 'Ward 7' } })
    for (let n = 0; n < 3; n++) await bob.send(conversation, `${marker} ${n}`)
    const sealing = await before.startGateway({ contentEncryption: configOf(on(may)) })
    const socket = await connect(sealing.url, { token: ann.token })
    const old = await socket.get('send_message', {
      conversationId: group.id,
      content: `${marker} from before`,
      metadata: { file_name: `${marker}.pdf` },
      client_message_id: 'old',
    })
    expect(old['content']).toBe(`${marker} from before`)
    await socket.get('send_message', { conversationId: group.id, content: `${marker} from now on`, parent_message_id: old['id'] })

    const api = await anotherApi(before, on(may))
    const texts = async () => contentsOf((await api.get<{ messages: Message[] }>(ann, page(group))).messages)
    const all = [`${marker} from now on`, 'Ann Example renamed the conversation to “Ward 7”', `${marker} from before`]
    expect(await texts()).toEqual(all)
    const { rows } = await before.database.query(
      'select seq, sealed is not null as sealed from messages where conversation_id = $1 order by seq',
      [group.id],
    )
    expect(rows).toEqual([
      { seq: '1', sealed: false },
      { seq: '2', sealed: false },
      { seq: '3', sealed: true },
    ])

    expect(await content(['encrypt', '--conversation', group.id], may, before)).toMatchObject({
      code: 0,
      stdout: 'Encrypted 1 messages.\n',
    })
    expect(await content(['encrypt'], may, before)).toMatchObject({ code: 0, stdout: 'Encrypted 3 messages.\n' })
    expect(await content(['encrypt'], may, before)).toMatchObject({ code: 0, stdout: 'Encrypted 0 messages.\n' })
    expect(await everythingInPostgres(before.database)).not.toContain(marker)
    expect(await texts()).toEqual(all)
    expect((await api.get<{ messages: Message[] }>(ann, page(group))).messages.at(-1)?.metadata).toEqual({ file_name: `${marker}.pdf` })
    expect(contentsOf((await api.get<{ messages: Message[] }>(bob, page(conversation))).messages)).toHaveLength(3)
    const audit = await before.database.query(`select details from audit_log where action = 'content_encrypted' order by id`)
    expect(audit.rows).toEqual([{ details: { messages: 1 } }, { details: { messages: 3 } }])
    socket.close()
    await sealing.stop()
    await api.stop()
  })

  test('goes in two steps: whoever has the keys alone reads what others seal, and seals nothing', async () => {
    const { ann, bob, conversation } = await before.twoPeople()
    const [sealing, reading] = [
      await before.startGateway({ contentEncryption: configOf(on(may)) }),
      await before.startGateway({ contentEncryption: configOf({ CONTENT_KEYS: may }) }),
    ]
    const [from, to] = [await connect(sealing.url, { token: ann.token }), await connect(reading.url, { token: bob.token })]
    const first = await from.get('send_message', { conversationId: conversation.id, content: 'sealed', client_message_id: 'one' })
    const answer = { conversationId: conversation.id, content: 'plain', parent_message_id: first['id'] }
    expect(await to.get('send_message', answer)).toMatchObject({ parent: { content: 'sealed' } })
    const retry = { conversationId: conversation.id, content: 'sealed', client_message_id: 'one' }
    const other = await connect(reading.url, { token: ann.token })
    expect(await other.get('send_message', retry)).toMatchObject({ id: first['id'], content: 'sealed' })
    const { rows } = await before.database.query(
      'select content, sealed is not null as sealed from messages where conversation_id = $1 order by seq',
      [conversation.id],
    )
    expect(rows).toEqual([
      { content: null, sealed: true },
      { content: 'plain', sealed: false },
    ])
    for (const socket of [from, to, other]) socket.close()
    await Promise.all([sealing.stop(), reading.stop()])
  })
})

describe('master keys', () => {
  test('rotate: every key is wrapped anew, no message is touched, and the old one may go', async () => {
    const { ann, group, secret } = await scene()
    const stored = () =>
      world.database
        .query('select xmin::text, sealed from messages where conversation_id = $1 order by seq', [group.id])
        .then(({ rows }) => rows)
    const before = await stored()
    const { rows: keys } = await world.database.query('select from conversation_keys where wrapped is not null')
    expect(await content(['rotate'], `${november},${may}`)).toMatchObject({ code: 0, stdout: `Wrapped ${keys.length} keys by 2026-11.\n` })
    expect(await content(['rotate'], `${november},${may}`)).toMatchObject({ code: 0, stdout: 'Wrapped 0 keys by 2026-11.\n' })
    expect(await stored()).toEqual(before)
    const { rows } = await world.database.query('select distinct master_key from conversation_keys where wrapped is not null')
    expect(rows).toEqual([{ master_key: '2026-11' }])
    const api = await anotherApi(world, on(november))
    expect((await api.get<{ messages: Message[] }>(ann, page(group))).messages.at(-1)?.content).toBe(secret.content)
    await api.stop()
    expect(await content(['rotate'], `${may},${november}`)).toMatchObject({ code: 0, stdout: `Wrapped ${keys.length} keys by 2026-05.\n` })
  })

  test('that are missing, or not what they are said to be, stop the start with a line', async () => {
    await scene()
    const start = (env: Record<string, string>) => problemsOf(anotherApi(world, env).then((api) => api.stop()))
    expect(await start(on(november))).toEqual(['CONTENT_KEYS: has no key "2026-05", which messages are encrypted by'])
    expect(await start({})).toEqual(['CONTENT_KEYS: has no key "2026-05", which messages are encrypted by'])
    const wrong = ['CONTENT_KEYS: "2026-05" is not the key of that name which messages are encrypted by']
    expect(await start(on(`2026-05:${keyOf(6)}`))).toEqual(wrong)
    expect(await problemsOf(world.startGateway({ contentEncryption: configOf(on(`2026-05:${keyOf(6)}`)) }))).toEqual(wrong)
    expect(await start(on(`${november},${may}`))).toEqual([])
    const rotation = await content(['rotate'], november)
    expect(rotation).toMatchObject({ code: 1, stderr: expect.stringContaining('could not be unwrapped: 2026-05') })
  })

  test('that go while a service runs hide their messages alone, and it is said once', async () => {
    const { ann, bob, group } = await scene()
    const other = await bob.create({ type: 'group', participant_ids: [ann.id] })
    await bob.send(other, 'still readable')
    const api = await spawnApi(world, on(may))
    await world.database.query(`update conversation_keys set wrapped = wrapped || '\\x00' where conversation_id = $1`, [group.id])
    const ask = async (path: string, body?: object) => {
      const answer = await fetch(`${api.url}${chat}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${ann.token}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      })
      return (await answer.json()) as { code?: string; data: { messages: Message[]; conversations: Conversation[] } }
    }
    for (let n = 0; n < 2; n++) {
      expect(contentsOf((await ask(page(group))).data.messages)).toEqual([null, null])
      const shown = (await ask('/conversations')).data.conversations.map(({ last_message }) => last_message?.content)
      expect(shown).toEqual(['still readable', null])
    }
    expect(await ask(page(group), { content: 'not stored' })).toMatchObject({ code: 'UNAVAILABLE' })
    expect(await api.stop()).toBe(0)
    const said = api.lines.filter(({ msg, level }) => level === 'error' && msg?.startsWith('the key of a conversation cannot be used'))
    expect(said).toEqual([expect.objectContaining({ conversationId: group.id, reason: 'broken' })])
    await world.database.query('delete from conversation_keys where conversation_id = $1', [group.id])
  })

  test('may be kept by a module', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keys-'))
    const file = join(folder, 'key-service.mjs')
    await writeFile(file, keyService)
    const own = await startWorld({ env: { CONTENT_ENCRYPTION: 'on', CONTENT_KEY_MODULE: file } })
    try {
      const { ann, bob, conversation } = await own.twoPeople()
      await ann.send(conversation, marker)
      expect(contentsOf(await bob.history(conversation))).toEqual([marker])
      expect(await everythingInPostgres(own.database)).not.toContain(marker)
      const { rows } = await own.database.query('select master_key from conversation_keys')
      expect(rows).toEqual([{ master_key: 'module/first' }])
      const toEnvironment = await runCommand('packages/chat/dist/encryption/content-cli.js', ['rotate'], {
        DATABASE_URL: own.databaseUrl,
        CONTENT_KEY_MODULE: file,
        KEY_SERVICE_NAME: 'second',
      })
      expect(toEnvironment).toMatchObject({ code: 0, stdout: 'Wrapped 1 keys by module/second.\n' })
      const api = await anotherApi(own, { CONTENT_ENCRYPTION: 'on', CONTENT_KEY_MODULE: file })
      expect(contentsOf((await api.get<{ messages: Message[] }>(ann, page(conversation))).messages)).toEqual([marker])
      await api.stop()
    } finally {
      await own.close()
      await rm(folder, { recursive: true })
    }
  })

  test('of a module that is not one stop the start with a line', async () => {
    const problem = await problemsOf(anotherApi(world, { CONTENT_ENCRYPTION: 'on', CONTENT_KEY_MODULE: '/nowhere/keys.mjs' }))
    expect(problem).toEqual([expect.stringMatching(/^CONTENT_KEY_MODULE: \/nowhere\/keys\.mjs cannot be loaded: [^\n]+$/)])
  })

  test('of a service that is away make what needs them unavailable, and nothing is shown as lost', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keys-'))
    const file = join(folder, 'key-service.mjs')
    await writeFile(file, keyService)
    const own = await startWorld({ apis: 2, env: { CONTENT_ENCRYPTION: 'on', CONTENT_KEY_MODULE: file } })
    try {
      const { ann, conversation } = await own.twoPeople()
      await ann.send(conversation, marker)
      process.env['KEY_SERVICE_AWAY'] = 'yes'
      expect((await ann.rest('GET', `${chat}${page(conversation)}`, undefined, { api: 1 })).verdict).toBe('503 UNAVAILABLE')
      delete process.env['KEY_SERVICE_AWAY']
      expect(contentsOf(await ann.history(conversation, '', { api: 1 }))).toEqual([marker])
    } finally {
      delete process.env['KEY_SERVICE_AWAY']
      await own.close()
      await rm(folder, { recursive: true })
    }
  })
})

// As a key management service would: its keys are its own, and it wants to know whose key it is.
const keyService = `
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
const keyOf = (name) => createHash('sha256').update('of the service: ' + name).digest()
const name = process.env.KEY_SERVICE_NAME ?? 'first'
export async function wrapKey(dataKey, { conversationId, version }) {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(name), nonce).setAAD(Buffer.from(conversationId + version))
  return { wrapped: Buffer.concat([nonce, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]), masterKey: name }
}
export async function unwrapKey(wrapped, { conversationId, version, masterKey }) {
  if (process.env.KEY_SERVICE_AWAY) throw new Error('away')
  const decipher = createDecipheriv('aes-256-gcm', keyOf(masterKey), wrapped.subarray(0, 12)).setAAD(Buffer.from(conversationId + version))
  decipher.setAuthTag(wrapped.subarray(-16))
  return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()])
}
`

describe('destroying the keys of a conversation', () => {
  test('makes what was said in it unreadable for good, is on record, and leaves the conversation usable', async () => {
    const { ann, bob, group, secret, reply } = await scene()
    const { ann: other, conversation: untouched } = await world.twoPeople()
    await other.send(untouched, 'of others')
    expect(await shred(group)).toMatchObject({
      code: 0,
      stdout: `Destroyed 1 keys of ${group.id}, and emptied 0 messages that were not encrypted.\n`,
    })
    const { rows } = await world.database.query('select wrapped from conversation_keys where conversation_id = $1', [group.id])
    expect(rows).toEqual([{ wrapped: null }])
    const audit = await world.database.query(
      `select reason, details from audit_log where action = 'content_shredded' and conversation_id = $1`,
      [group.id],
    )
    expect(audit.rows).toEqual([{ reason: 'asked on paper', details: { keys: 1, messages_emptied: 0 } }])

    const api = await anotherApi(world, on(may))
    expect((await api.get<{ messages: Message[] }>(bob, page(group))).messages).toMatchObject([
      { id: reply.id, content: null, metadata: {}, parent: { id: secret.id, content: null }, sender: { first_name: 'Bob' } },
      { id: secret.id, content: null, metadata: {}, is_deleted: false },
    ])
    expect(contentsOf((await api.get<{ messages: Message[] }>(other, page(untouched))).messages)).toEqual(['of others'])
    await api.stop()

    // Those that have the key in memory forget it within a minute.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
    try {
      expect(contentsOf(await bob.history(group, '', { api: 1 }))).toEqual([null, null])
    } finally {
      vi.useRealTimers()
    }
    const again = await ann.send(group, 'a new beginning')
    expect(contentsOf((await bob.history(group, '', { api: 1 })).slice(0, 1))).toEqual([again.content])
    const keys = await world.database.query(
      'select version, wrapped is null as gone from conversation_keys where conversation_id = $1 order by 1',
      [group.id],
    )
    expect(keys.rows).toEqual([
      { version: 1, gone: true },
      { version: 2, gone: false },
    ])
  })

  test('empties what was never encrypted', async () => {
    const own = await startWorld()
    try {
      const { ann, conversation } = await own.twoPeople()
      await ann.send(conversation, marker, { metadata: { file_name: marker } })
      await ann.history(conversation)
      const shredding = await command('privacy/privacy-cli', ['shred', '--conversation', conversation.id, '--reason', 'asked'], {}, own)
      expect(shredding.stdout).toContain('emptied 1 messages')
      expect(await ann.history(conversation)).toMatchObject([{ content: null, metadata: {} }])
      expect(await everythingInPostgres(own.database)).not.toContain(marker)
      await eventually(async () => expect(await everythingInRedis(own.redis)).not.toContain(marker))
    } finally {
      await own.close()
    }
  })

  test('while people go on writing loses nothing that is acknowledged afterwards', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    await ann.send(group, 'before')
    let isShredded = false
    const after: Message['id'][] = []
    const writer = async (who: Person, api: number) => {
      for (let n = 0; n < 40 || !isShredded; n++) {
        const isLater = isShredded
        const { id } = await who.send(group, `${who.name} ${n}`, {}, { api })
        if (isLater) after.push(id)
      }
      for (let n = 0; n < 5; n++) after.push((await who.send(group, `after ${n}`, {}, { api })).id)
    }
    await Promise.all([writer(ann, 0), writer(bob, 1), shred(group).then(() => (isShredded = true))])
    const api = await anotherApi(world, on(may))
    const { messages } = await api.get<{ messages: Message[] }>(ann, `${page(group)}?limit=100`)
    const shown = new Map(messages.map(({ id, content: text }) => [id, text]))
    expect(after.map((id) => shown.get(id)).filter((text) => text === null)).toEqual([])
    await api.stop()
  })

  test('while a message waits to be stored has it sealed by the next key', async () => {
    const { ann, bob, group } = await scene()
    const holder = await world.database.connect()
    const waiting = async () => {
      // Not in the transaction, which sees the same sessions all along.
      const { rows } = await world.database.query<{ count: number }>(
        `select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rows[0]?.count
    }
    try {
      await holder.query('begin')
      await holder.query('select from conversations where id = $1 for update', [group.id])
      const shredding = shred(group)
      await eventually(async () => expect(await waiting()).toBe(1))
      const sending = ann.send(group, 'waited')
      await eventually(async () => expect(await waiting()).toBe(2))
      await holder.query('rollback')
      expect((await shredding).code).toBe(0)
      expect(await sending).toMatchObject({ content: 'waited' })
    } finally {
      holder.release(true)
    }
    const api = await anotherApi(world, on(may))
    expect(contentsOf((await api.get<{ messages: Message[] }>(bob, page(group))).messages)).toEqual(['waited', null, null])
    await api.stop()
  })

  test.each(['conversation', 'user'] as const)('is refused while a hold is on the %s', async (kind) => {
    const { ann, bob, group, secret } = await scene()
    const args = ['hold', `--${kind}`, kind === 'user' ? bob.id : group.id, '--reason', 'court order 7']
    await command('privacy/privacy-cli', args, {})
    expect(await shred(group)).toMatchObject({ code: 1, stderr: expect.stringContaining('A legal hold is on') })
    expect((await ann.history(group)).at(-1)?.content).toBe(secret.content)
    const { rows } = await world.database.query('select wrapped is null as gone from conversation_keys where conversation_id = $1', [
      group.id,
    ])
    expect(rows).toEqual([{ gone: false }])
  })

  test('of a conversation that is not there is refused', async () => {
    expect(await shred({ id: '0190f3c0-0000-7000-8000-000000000000' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no conversation'),
    })
  })
})

function configOf(env: Record<string, string>): Config['contentEncryption'] {
  return readConfig({ DATABASE_URL: 'postgres://db/chat', REDIS_URL: 'redis://redis', JWT_SECRET: testSecret, ...env }).contentEncryption
}
