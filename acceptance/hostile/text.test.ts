import type { Message } from '@viatra-chat/contract'
import { doors, joinFrom, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// Whatever people may write comes back as they wrote it, to the byte; what could not is refused. The same over both transports.

let world: World
let ann: Person
let bob: Person
let conversation: { id: string }
beforeAll(async () => {
  world = await startWorld()
  ;({ ann, bob, conversation } = await world.twoPeople())
})
afterAll(() => world.close())

const here = (more: Record<string, unknown>) => ({ conversation_id: conversation.id, ...more })

const legalTexts: [what: string, text: string][] = [
  ['marks of direction', 'a\u202eb\u2066c\u2069\u200f'],
  ['the other order of letters', 'exe.\u202efdp'],
  ['forty marks on one letter', `Z${'\u0336\u0353'.repeat(20)}`],
  ['letters composed and decomposed', 'é e\u0301 Å A\u030a \u212b'],
  ['letters that look alike', 'аdmіn admin'],
  ['the widest letter', '\ufdfd'.repeat(100)],
  ['emoji of several parts', '👨‍👩‍👧‍👦 🏳️‍🌈 👩🏽‍⚕️'],
  ['letters beyond the first plane', '𝕬𝖓𝖓 𠜎 \u{10fffd}'],
  ['what is no letter', '\ufffe \uffff \ufdd0 \ufffd'],
  ['control characters', '\u0001\u0008\u001b[31m\u007f\u0085'],
  ['ends of lines of all kinds', 'a\r\nb\rc\nd\u2028e\u2029f'],
  ['white space around', '  \t hello \u00a0 '],
  ['markup', '<script>alert(1)</script><img src=x onerror=alert(1)>&amp;&#0;'],
  ['SQL', `'; drop table messages; -- \\' $1 $$ E'\\000'`],
  ['JSON', '{"a":"\\u0000","__proto__":{}}'],
  ['escapes that are none', '\\u0000 \\ud800 \\x00 %00 \\0'],
  ['placeholders', '%s %d {0} ${env} {{x}} $(id) `id`'],
  ['a formula', '=cmd|"/c calc"!A0'],
  ['a line for a log', 'x\r\n{"level":60,"msg":"forged"}'],
  ['names of the prototype', '__proto__ constructor toString'],
  ['the end of the quote', 'x'.repeat(199) + '😀😀'],
]

describe.each(doors)('over $name', (door) => {
  async function send(input: Record<string, unknown>): Promise<Message> {
    const answer = await door.ask(ann, 'send_message', here(input))
    if (!answer.success) throw new Error(JSON.stringify(answer))
    const message: unknown = answer.data
    return message as Message
  }

  test.each(legalTexts)('%s is stored and told verbatim: as content, in metadata, in a quote', async (_, text) => {
    const listener = await joinFrom(bob, conversation)
    const metadata = { [text.slice(0, 50)]: text.slice(0, 500), name: text.slice(0, 500) }
    const sent = await send({ content: text, metadata })
    const reply = await send({ content: 'a reply', parent_message_id: sent.id })
    const heard = await listener.hears('new_message', ({ id }) => id === sent.id)
    const read = (await bob.history(conversation)).find(({ id }) => id === sent.id)
    const listed = await bob.history(conversation, `?after=${sent.id}`)
    for (const message of [sent, heard, read]) {
      expect(Buffer.from(message?.content ?? '')).toEqual(Buffer.from(text))
      expect(message?.metadata).toEqual(metadata)
    }
    const quote = [...text].slice(0, 200).join('')
    for (const { parent } of [reply, ...listed.filter(({ id }) => id === reply.id)]) expect(parent?.content).toBe(quote)
    listener.close()
  })

  test.each([
    ['as its content', (text: string) => ({ content: text }), ['content']],
    ['as a value of metadata', (text: string) => ({ content: 'x', metadata: { a: { b: [text] } } }), ['metadata.a.b.0']],
    ['as a key of metadata', (text: string) => ({ content: 'x', metadata: { [text]: 1 } }), ['metadata']],
    ['as the client’s id', (text: string) => ({ content: 'x', client_message_id: text }), ['client_message_id']],
  ])('NUL and halves of surrogate pairs are refused %s', async (_, put, paths) => {
    for (const text of ['\u0000', 'a\u0000b', '\ud800', '\udfff', '\udc00\ud800', 'a\ud83d']) {
      const answer = await door.ask(ann, 'send_message', here(put(text)))
      expect(answer).toMatchObject({ success: false, code: 'VALIDATION_ERROR' })
      expect('errors' in answer && answer.errors?.map(({ path }) => path)).toEqual(paths)
    }
  })

  test('lengths are counted in code points, whatever these weigh', async () => {
    for (const letter of ['a', 'é', '\ufdfd', '😀', '\u{10fffd}']) {
      expect((await send({ content: letter.repeat(5000) })).content).toBe(letter.repeat(5000))
      expect(await door.ask(ann, 'send_message', here({ content: letter.repeat(5001) }))).toMatchObject({ code: 'VALIDATION_ERROR' })
    }
  })

  test.each(['text', 'image', 'file', 'system'])(
    'content of the type %s has at most 5,000 characters, all of which can be stored',
    async (message_type) => {
      const metadata = { file_name: 'x' }
      for (const content of ['x'.repeat(5001), 'a\u0000b', '\ud800']) {
        const answer = await door.ask(ann, 'send_message', here({ message_type, metadata, content }))
        expect(answer).toMatchObject({ success: false, code: 'VALIDATION_ERROR' })
      }
    },
  )

  test('ids of a client are compared as bytes: composed and decomposed are two', async () => {
    const ids = ['é', 'e\u0301', 'É', 'é ', ' é'].map((id) => `${door.name} ${id}`)
    const messages = await Promise.all(ids.map((client_message_id) => send({ content: 'x', client_message_id })))
    expect(new Set(messages.map(({ id }) => id)).size).toBe(ids.length)
    const again = await Promise.all(ids.map((client_message_id) => send({ content: 'x', client_message_id })))
    expect(again.map(({ id }) => id)).toEqual(messages.map(({ id }) => id))
  })

  test('whoever sends is who they are: fields that only the server writes are passed over', async () => {
    const forged = {
      ...{ id: conversation.id, seq: 1, sender_id: bob.id, senderId: bob.id, userId: bob.id, user_id: bob.id },
      ...{ created_at: '2000-01-01T00:00:00.000Z', updated_at: 'x', is_deleted: true, is_edited: true },
      ...{ read_by: [bob.id], delivered_to: [bob.id], sender: { id: bob.id }, parent: { content: 'forged' }, isAdmin: true, role: 'admin' },
    }
    const sent = await send({ content: 'mine', ...forged })
    expect(sent).toMatchObject({
      sender_id: ann.id,
      is_deleted: false,
      is_edited: false,
      read_by: [ann.id],
      delivered_to: [ann.id],
      parent: null,
    })
    expect(sent.id).not.toBe(conversation.id)
    expect(sent.sender.id).toBe(ann.id)
    expect(Date.now() - Date.parse(sent.created_at)).toBeLessThan(60_000)
    const marked = await door.ask(bob, 'mark_read', here({ message_ids: [sent.id], user_id: ann.id, userId: ann.id }))
    expect(marked).toMatchObject({ success: true })
    expect((await ann.history(conversation, '?limit=1'))[0]?.read_by).toEqual([ann.id, bob.id])
  })

  test.each([
    ['a list', []],
    ['a text', '{}'],
    ['a number', 1],
    ['a thousand keys of more than 16 KiB', Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`a key of some length ${n}`, n]))],
    ['nine levels', JSON.parse('{"a":'.repeat(9) + '1' + '}'.repeat(9))],
    ['five hundred levels', JSON.parse('{"a":'.repeat(500) + '1' + '}'.repeat(500))],
  ])('metadata that is %s is refused, and the history stays readable', async (_, metadata) => {
    expect(await door.ask(ann, 'send_message', here({ content: 'x', metadata }))).toMatchObject({ code: 'VALIDATION_ERROR' })
    expect((await bob.rest('GET', `/api/v1/chat/conversations/${conversation.id}/messages`)).verdict).toBe('200')
  })
})

test('whoever types is who they are, and so is whoever begins or changes a conversation or registers a device', async () => {
  const listener = await joinFrom(bob, conversation)
  const typist = await joinFrom(ann, conversation)
  await typist.get('typing_start', { conversationId: conversation.id, userId: bob.id, user_id: bob.id, isTyping: false })
  expect(await listener.hears('user_typing')).toEqual({ conversationId: conversation.id, userId: ann.id, isTyping: true })
  const forged = {
    ...{ id: conversation.id, created_by: bob.id, owner_id: bob.id, user_id: bob.id, participant_role: 'member', participant_count: 9 },
    ...{
      unread_count: 9,
      last_message: { content: 'forged' },
      last_message_at: '2999-01-01T00:00:00.000Z',
      created_at: 'x',
      is_admin: true,
    },
  }
  const begun = await ann.create({ ...forged, type: 'group', participant_ids: [bob.id], metadata: { name: 'Ours' } })
  const path = `/api/v1/chat/conversations/${begun.id}`
  await ann.rest('PATCH', path, { ...forged, type: 'channel', participant_ids: [], metadata: { topic: 'x' } })
  const now = await ann.conversation(begun.id)
  for (const shown of [begun, now]) expect(shown).toMatchObject({ id: begun.id, type: 'group', created_by: ann.id, unread_count: 0 })
  expect(begun).toMatchObject({ participant_count: 2, last_message: null, last_message_at: null })
  expect(begun.id).not.toBe(conversation.id)
  const roles = now.participants.map(({ id, participant_role }) => [id, participant_role])
  expect(Object.fromEntries(roles)).toEqual({ [ann.id]: 'owner', [bob.id]: 'member' })
  await ann.rest('POST', '/api/v1/auth/fcm-token', { fcm_token: 'token-of-ann', user_id: bob.id, userId: bob.id })
  const { rows } = await world.database.query(`select user_id from devices where fcm_token = 'token-of-ann'`)
  expect(rows).toEqual([{ user_id: ann.id }])
  typist.close()
  listener.close()
})
