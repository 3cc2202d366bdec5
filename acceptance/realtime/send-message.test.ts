import { randomUUID } from 'node:crypto'
import type { Message } from '@viatra-chat/contract'
import { doors, hearOut, joinFrom, startWorld, type Connection, type Door, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
let busy: Awaited<ReturnType<World['twoPeople']>>
let quiet: typeof busy
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2 })
  busy = await world.twoPeople()
  quiet = await world.twoPeople()
})
afterAll(() => world.close())

/** That the conversation was made may come after its answer, even to a connection that was opened since. */
const said = (connection: Connection) => connection.told().filter(([event]) => event !== 'conversation_created')

describe.each(doors)('send_message over $name', (door) => {
  const ask = (who: Person, conversation: { id: string }, fields: Record<string, unknown>) =>
    door.ask(who, 'send_message', { conversation_id: conversation.id, ...fields })

  async function send(who: Person, conversation: { id: string }, fields: Record<string, unknown>): Promise<Message> {
    const answer = await ask(who, conversation, fields)
    if (!answer.success) throw new Error(JSON.stringify(answer))
    return answer.data as unknown as Message
  }

  async function refusal(
    who: Person,
    conversation: { id: string },
    fields: Record<string, unknown>,
  ): Promise<{ code: string; paths: string[] }> {
    const answer = await ask(who, conversation, fields)
    if (answer.success) throw new Error('was not refused')
    expect(Object.keys(answer).sort()).toEqual(['code', ...(answer.errors ? ['errors'] : []), 'message', 'request_id', 'success'])
    return { code: answer.code, paths: (answer.errors ?? []).map((error) => error.path).sort() }
  }

  test('a message is stored, answered, and announced once to every joined socket of every gateway, the sender’s too', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const joined = await Promise.all([ann, bob].flatMap((who) => [joinFrom(who, conversation, 0), joinFrom(who, conversation, 1)]))

    const message = await send(ann, conversation, { content: ' hello ', metadata: { a: [1, { b: null }] }, client_message_id: 'k1' })

    expect(message).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      conversation_id: conversation.id,
      seq: 1,
      sender_id: ann.id,
      parent_message_id: null,
      parent: null,
      message_type: 'text',
      content: ' hello ',
      metadata: { a: [1, { b: null }] },
      read_by: [ann.id],
      delivered_to: [ann.id],
      is_edited: false,
      is_deleted: false,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: message.created_at,
      client_message_id: 'k1',
      sender: { id: ann.id, first_name: 'Ann', last_name: 'Example', avatar_url: null, role: 'patient' },
    })
    await hearOut(ann, conversation, ...joined)
    for (const connection of joined) expect(said(connection)).toEqual([['new_message', message]])
    const [, stored] = await bob.history(conversation)
    expect(stored).toEqual(message)
  })

  test('both spellings of every name are taken, null is absent, and unknown fields are left out', async () => {
    const { ann, conversation } = await world.twoPeople()
    const parent = await send(ann, conversation, { content: 'one' })
    const message = await door.ask(ann, 'send_message', {
      conversation_id: conversation.id.toUpperCase(),
      messageType: 'image',
      content: null,
      parentMessageId: parent.id.toUpperCase(),
      clientMessageId: 'k',
      metadata: { name: 'x' },
      is_deleted: true,
      sender_id: randomUUID(),
    })
    expect(message).toMatchObject({
      success: true,
      data: {
        conversation_id: conversation.id,
        message_type: 'image',
        content: null,
        parent_message_id: parent.id,
        client_message_id: 'k',
        sender_id: ann.id,
        is_deleted: false,
      },
    })
  })

  test('a reply quotes the first 200 characters of its parent, and nothing of a deleted one', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const parent = await send(ann, conversation, { content: '😀'.repeat(201) })
    const quote = { id: parent.id, seq: 1, sender_id: ann.id, message_type: 'text', content: '😀'.repeat(200), is_deleted: false }
    expect((await send(bob, conversation, { content: 'yes', parent_message_id: parent.id })).parent).toEqual(quote)

    await ann.rest('DELETE', `/api/v1/chat/messages/${parent.id}`)
    const late = await send(bob, conversation, { content: 'why?', parent_message_id: parent.id })
    expect(late.parent).toEqual({ ...quote, content: null, is_deleted: true })
  })

  test.each<[what: string, fields: Record<string, unknown>]>([
    ['5,000 characters outside the basic plane', { content: '😀'.repeat(5000) }],
    ['an image with content alone', { message_type: 'image', content: 'caption' }],
    ['a file with metadata alone', { message_type: 'file', metadata: { attachment_url: null, file_name: 'a.pdf', file_size: 3 } }],
    ['metadata of 8 levels', { content: 'x', metadata: { b: { c: { d: { e: { f: { g: { h: 1 } } } } } } } }],
    ['a client_message_id of 64 characters', { content: 'x', client_message_id: door.name.padEnd(64, 'ß') }],
    ['content that looks like markup or SQL', { content: `<script>'); drop table messages; --` }],
  ])('%s is stored verbatim', async (_, fields) => {
    const { ann, bob, conversation } = busy
    const message = await send(ann, conversation, fields)
    expect(message).toMatchObject(fields)
    expect(await bob.history(conversation, '?limit=1')).toEqual([message])
  })

  const idPath = door.name === 'rest' ? 'conversation_id' : 'conversationId'
  const deep = JSON.parse('{"a":'.repeat(9) + '1' + '}'.repeat(9)) as object
  test.each<[what: string, fields: Record<string, unknown>, paths: string[]]>([
    ['no content', {}, ['content']],
    ['null as content', { content: null }, ['content']],
    ['blank content', { content: ' \n\u200b\u2060\ufeff' }, ['content']],
    ['5,001 characters', { content: 'x'.repeat(5001) }, ['content']],
    ['content that is no text', { content: 5 }, ['content']],
    ['NUL', { content: 'a\u0000b' }, ['content']],
    ['a lone surrogate', { content: 'a\ud800' }, ['content']],
    ['an unknown type', { content: 'x', message_type: 'video' }, ['message_type']],
    ['an image without anything', { message_type: 'image' }, ['content']],
    ['an image with empty metadata', { message_type: 'image', metadata: {} }, ['content']],
    ['a conversation that is no UUID', { conversation_id: 'nowhere', content: 'x' }, [idPath]],
    ['a parent that is no UUID', { content: 'x', parent_message_id: 'p' }, ['parent_message_id']],
    ['metadata as a list', { content: 'x', metadata: [1] }, ['metadata']],
    ['metadata of 9 levels', { content: 'x', metadata: deep }, ['metadata']],
    ['metadata over 16 KiB', { content: 'x', metadata: { a: 'é'.repeat(8192) } }, ['metadata']],
    ['a size that is no number', { content: 'x', metadata: { file_size: '3' } }, ['metadata.file_size']],
    ['NUL deep in metadata', { content: 'x', metadata: { a: { b: ['\u0000'] } } }, ['metadata.a.b.0']],
    ['an empty client_message_id', { content: 'x', client_message_id: '' }, ['client_message_id']],
    ['a client_message_id of 65 characters', { content: 'x', client_message_id: 'x'.repeat(65) }, ['client_message_id']],
    [
      'several mistakes at once',
      { message_type: 'video', parent_message_id: 1, metadata: 'm', content: '' },
      ['content', 'message_type', 'metadata', 'parent_message_id'],
    ],
  ])('%s is refused with every path', async (_, fields, paths) => {
    const { ann, conversation } = quiet
    expect(await refusal(ann, conversation, fields)).toEqual({ code: 'VALIDATION_ERROR', paths })
    expect(await ann.history(conversation)).toEqual([])
  })

  test('only participants send, only in conversations that exist, and only replies to messages of the same conversation', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const [cid, dan] = await world.people('Cid', 'Dan')
    const elsewhere = await ann.send(await ann.create({ participant_ids: [cid.id] }), 'elsewhere')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id] })
    await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${cid.id}`)
    const listener = await joinFrom(bob, conversation)

    const content = 'x'
    expect(await refusal(dan, conversation, { content })).toEqual({ code: 'NOT_A_PARTICIPANT', paths: [] })
    expect(await refusal(cid, group, { content })).toEqual({ code: 'NOT_A_PARTICIPANT', paths: [] })
    expect(await refusal(ann, { id: randomUUID() }, { content })).toEqual({ code: 'CONVERSATION_NOT_FOUND', paths: [] })
    expect(await refusal(ann, conversation, { content, parent_message_id: elsewhere.id })).toEqual({ code: 'MESSAGE_NOT_FOUND', paths: [] })

    await hearOut(ann, conversation, listener)
    expect(said(listener)).toEqual([])
  })

  test('system messages are for administrators, and channels for owner and moderators', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const admin = await world.person('Ada', { role: 'admin' })
    const channel = await ann.create({ type: 'channel', participant_ids: [bob.id, admin.id] })
    const group = await ann.create({ type: 'group', participant_ids: [bob.id, admin.id] })

    expect(await refusal(bob, channel, { content: 'x' })).toEqual({ code: 'FORBIDDEN', paths: [] })
    expect(await send(ann, channel, { content: 'x' })).toMatchObject({ seq: 1 })
    await ann.rest('PATCH', `/api/v1/chat/conversations/${channel.id}/participants/${bob.id}`, { participant_role: 'moderator' })
    expect(await send(bob, channel, { content: 'x' })).toMatchObject({ sender_id: bob.id })

    expect(await refusal(ann, group, { content: 'x', message_type: 'system' })).toEqual({ code: 'FORBIDDEN', paths: [] })
    expect(await send(admin, group, { content: 'x', message_type: 'system' })).toMatchObject({ message_type: 'system' })
  })

  describe('with a client_message_id', () => {
    const otherDoor = doors.find(({ name }) => name !== door.name) as Door
    const retry = (who: Person, conversation: { id: string }, fields: Record<string, unknown>) =>
      otherDoor.ask(who, 'send_message', { conversation_id: conversation.id, ...fields })

    test('a retry, over the other transport too, gives the message as it is now and announces nothing', async () => {
      const { ann, bob, conversation } = await world.twoPeople()
      const listener = await joinFrom(bob, conversation, 1)
      const fields = { content: 'once', metadata: { a: 1, b: [2] }, client_message_id: 'k' }
      const first = await send(ann, conversation, fields)
      await bob.rest('POST', `/api/v1/chat/conversations/${conversation.id}/read`, { message_ids: [first.id] })

      const read = { ...first, read_by: [ann.id, bob.id], delivered_to: [ann.id, bob.id] }
      expect(await retry(ann, conversation, { ...fields, metadata: { b: [2], a: 1 } })).toMatchObject({ success: true, data: read })
      expect(await send(ann, conversation, { ...fields, message_type: 'text', parent_message_id: null })).toEqual(read)

      await hearOut(ann, conversation, listener)
      expect(listener.seen('new_message')).toEqual([first])
    })

    test('other content, type, parent or metadata is a conflict', async () => {
      const { ann, bob, conversation } = await world.twoPeople()
      const listener = await joinFrom(bob, conversation)
      const fields = { content: 'once', client_message_id: 'k' }
      const first = await send(ann, conversation, fields)
      for (const changed of [{ content: 'other' }, { message_type: 'image' }, { metadata: { a: 1 } }, { parent_message_id: first.id }]) {
        expect(await refusal(ann, conversation, { ...fields, ...changed })).toEqual({ code: 'CONFLICT', paths: [] })
        expect(await retry(ann, conversation, { ...fields, ...changed })).toMatchObject({ code: 'CONFLICT' })
      }
      await hearOut(ann, conversation, listener)
      expect(said(listener).map(([event]) => event)).toEqual(['new_message'])
    })

    test('a deleted message is answered as a tombstone', async () => {
      const { ann, conversation } = await world.twoPeople()
      const fields = { content: 'secret', metadata: { a: 1 }, client_message_id: 'k' }
      const first = await send(ann, conversation, fields)
      await ann.rest('DELETE', `/api/v1/chat/messages/${first.id}`)
      const tombstone = { id: first.id, seq: 1, is_deleted: true, content: null, metadata: {} }
      expect(await send(ann, conversation, fields)).toMatchObject(tombstone)
      expect(await retry(ann, conversation, fields)).toMatchObject({ success: true, data: tombstone })
    })

    test('the same one of another sender or in another conversation is another message', async () => {
      const { ann, bob, conversation } = await world.twoPeople()
      const other = await ann.create({ type: 'group', participant_ids: [bob.id] })
      const fields = { content: 'hi', client_message_id: 'k' }
      const messages = [await send(ann, conversation, fields), await send(bob, conversation, fields), await send(ann, other, fields)]
      expect(new Set(messages.map(({ id }) => id)).size).toBe(3)
    })
  })
})

test('50 simultaneous retries over both transports and all instances are one message and one event', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const [listener, ...own] = await Promise.all([joinFrom(bob, conversation, 1), ann.connect(0), ann.connect(1)])
  const payload = { conversationId: conversation.id, content: 'once', client_message_id: 'k' }
  const sends = Array.from({ length: 50 }, async (_, i) => {
    const socket = own[i % 4]
    if (socket) return (await socket.get('send_message', payload)).id
    return (await ann.send(conversation, 'once', { client_message_id: 'k' }, { api: i })).id
  })
  const ids = new Set(await Promise.all(sends))
  expect(ids.size).toBe(1)
  await hearOut(ann, conversation, listener)
  expect(said(listener)).toMatchObject([['new_message', { id: [...ids][0] }]])
  expect(await bob.history(conversation)).toHaveLength(2)
})

test('REST answers 201 to a new message and 200 to a retry', async () => {
  const { ann, conversation } = await world.twoPeople()
  const path = `/api/v1/chat/conversations/${conversation.id}/messages`
  const answers = [1, 2].map(() => ann.rest('POST', path, { content: 'once' }, { headers: { 'idempotency-key': 'k' } }))
  expect((await Promise.all(answers)).map(({ status }) => status).sort()).toEqual([200, 201])
})
