import type { Conversation, Message } from '@viatra-chat/contract'
import { eventually, newUserId, type Person } from '@viatra-chat/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startPushWorld, type PushWorld } from '../push/push-world.js'
import { runCommand } from './command.js'

// Who has to tell of a breach asks one thing: who has seen this?

let push: PushWorld
beforeAll(async () => {
  push = await startPushWorld()
})
afterAll(() => push.close())

type Line = { kind: string; message_id: string; user_id: string | null } & Record<string, unknown>

async function seen(...args: string[]) {
  const { code, stdout, stderr } = await runCommand('packages/chat/dist/privacy/privacy-cli.js', ['seen', ...args], {
    DATABASE_URL: push.world.databaseUrl,
  })
  const lines = stdout.split('\n').filter((line) => line !== '')
  return { code, stdout, stderr, lines: lines.map((line) => JSON.parse(line) as Line) }
}

const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
let ann: Person
let bob: Person
let cid: Person
let dan: Person
let root: Person
let group: Conversation
let message: Message
let other: Message

const receipt = (who: Person, kind: 'read' | 'delivered', ...messages: Message[]) =>
  who.rest('POST', `/api/v1/chat/conversations/${group.id}/${kind}`, { message_ids: messages.map(({ id }) => id) })

beforeEach(async () => {
  ;[ann, bob, cid, dan] = await push.world.people('Ann', 'Bob', 'Cid', 'Dan')
  root = await push.world.person('Root', { role: 'admin' })
  group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id, dan.id] })
  const device = await push.device(bob)
  message = await ann.send(group, 'LAB-RESULT-7731')
  await push.gets(device, 1)
  await eventually(async () => expect(await push.outcomes(root, message, bob)).toContain('sent'))
  await receipt(bob, 'read', message)
  await receipt(cid, 'delivered', message)
  await receipt(dan, 'read', message)
  await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${dan.id}`)
  other = await bob.send(group, 'LAB-RESULT-8842')
})

const ofKind = (lines: readonly Line[], kind: string) => lines.filter((line) => line.kind === kind)

describe('who has seen a message', () => {
  test('is told in one go: readers and when, whom it reached, who could read it, and the push that carried it', async () => {
    const { code, lines, stdout } = await seen('--message', message.id, '--reason', 'a lost phone')
    expect(code).toBe(0)
    expect(ofKind(lines, 'message')).toEqual([
      {
        kind: 'message',
        ...{ message_id: message.id, conversation_id: group.id, seq: message.seq, sender_id: ann.id },
        ...{ created_at: iso, is_deleted: false, deleted_at: null },
      },
    ])
    const people = new Map(ofKind(lines, 'participant').map((line) => [line.user_id, line]))
    expect([...people.keys()].toSorted()).toEqual([ann.id, bob.id, cid.id, dan.id].toSorted())
    expect(people.get(ann.id)).toMatchObject({ is_sender: true })
    expect(people.get(bob.id)).toMatchObject({
      read: true,
      read_at: iso,
      delivered: true,
      delivered_at: iso,
      left_at: null,
      is_sender: false,
    })
    expect(people.get(cid.id)).toMatchObject({ read: false, read_at: null, delivered: true, delivered_at: iso })
    expect(people.get(dan.id)).toMatchObject({ read: true, left_at: iso })
    expect(ofKind(lines, 'push')).toEqual([{ kind: 'push', message_id: message.id, user_id: bob.id, at: iso, with_text: true }])
    expect(lines.filter(({ kind }) => !['message', 'participant', 'push'].includes(kind))).toEqual([])
    expect(stdout).not.toMatch(/LAB-RESULT|Ann|Example/)
  })

  test('names administrators who read it, looked at its page in an emergency or exported its sender, with their reasons', async () => {
    await ann.rest('DELETE', `/api/v1/chat/messages/${message.id}`)
    await root.rest('GET', `/api/v1/admin/messages/${message.id}?reason=complaint`)
    await root.rest('GET', `/api/v1/admin/messages/${other.id}?reason=another`)
    const grant = { conversation_id: group.id, minutes: 5, reason: 'emergency' }
    await root.rest('POST', '/api/v1/admin/break-glass', grant)
    const page = (query: string) => root.rest('GET', `/api/v1/admin/conversations/${group.id}/messages${query}`)
    await page('')
    await page(`?before_seq=${message.seq}`)
    await page(`?before_seq=${message.seq + 1}`)
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = new URLSearchParams({ reason: 'asked', ...(cursor && { cursor }) }).toString()
      const { data } = await root.rest<{ next_cursor: string | null }>('GET', `/api/v1/admin/people/${ann.id}/export?${query}`)
      cursor = data.next_cursor
    }
    await root.rest('GET', `/api/v1/admin/people/${bob.id}/export?reason=of%20somebody%20else`)
    const { lines } = await seen('--message', message.id, '--reason', 'a complaint')
    const by = { message_id: message.id, user_id: root.id, at: iso, request_id: expect.any(String) }
    expect(ofKind(lines, 'message')).toMatchObject([{ is_deleted: true, deleted_at: iso }])
    expect(ofKind(lines, 'administrator')).toEqual([{ kind: 'administrator', ...by, reason: 'complaint' }])
    // The newest page and the one that ends with it, but not the one that ends before it.
    expect(ofKind(lines, 'emergency_access')).toEqual(
      Array.from({ length: 2 }, () => ({ kind: 'emergency_access', ...by, reason: 'emergency' })),
    )
    expect(ofKind(lines, 'export')).toEqual([{ kind: 'export', ...by, reason: 'asked' }])
  })

  test('is told of all messages of a conversation', async () => {
    const { lines } = await seen('--conversation', group.id, '--reason', 'a stolen computer')
    const seqs = ofKind(lines, 'message').map(({ seq }) => seq)
    expect(seqs).toEqual(Array.from({ length: other.seq }, (_, n) => n + 1))
    // Who had left before it was sent could not read it.
    const readersOf = ({ id }: Message) => ofKind(lines, 'participant').filter(({ message_id }) => message_id === id)
    expect(readersOf(message).map(({ user_id }) => user_id)).toContain(dan.id)
    expect(readersOf(other).map(({ user_id }) => user_id)).not.toContain(dan.id)
  })

  test('is itself on record, with its reason, before anything is told', async () => {
    await seen('--message', message.id, '--reason', 'a lost phone')
    await seen('--conversation', group.id, '--reason', 'a stolen computer')
    const { rows } = await push.world.database.query(
      `select message_id, reason, details from audit_log where action = 'readers_listed' and conversation_id = $1 order by id`,
      [group.id],
    )
    expect(rows).toEqual([
      { message_id: message.id, reason: 'a lost phone', details: {} },
      { message_id: null, reason: 'a stolen computer', details: {} },
    ])
  })

  test.each([
    ['no reason', () => ['--message', message.id], '--reason is missing'],
    ['an id that is none', () => ['--message', 'x', '--reason', 'r'], '--message must be an id'],
    ['a message that is not there', () => ['--message', newUserId(), '--reason', 'r'], 'There is no message'],
    ['a conversation that is not there', () => ['--conversation', newUserId(), '--reason', 'r'], 'There is no message in'],
    ['neither', () => ['--reason', 'r'], '--message is missing'],
  ])('is not told for %s', async (_, args, complaint) => {
    const { code, stdout, stderr } = await seen(...args())
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(complaint)
  })
})

test('a push that showed nothing of the message did not carry it', async () => {
  const generic = await startPushWorld({ PUSH_CONTENT: 'generic' })
  const people = await generic.world.twoPeople()
  const device = await generic.device(people.bob)
  const { id } = await people.ann.send(people.conversation, 'LAB-RESULT-7731')
  await generic.gets(device, 1)
  const root = await generic.world.person('Root', { role: 'admin' })
  await eventually(async () => expect(await generic.outcomes(root, { id }, people.bob)).toContain('sent'))
  const { stdout } = await runCommand('packages/chat/dist/privacy/privacy-cli.js', ['seen', '--message', id, '--reason', 'r'], {
    DATABASE_URL: generic.world.databaseUrl,
  })
  expect(stdout).toContain('"with_text":false')
  expect(stdout).not.toContain('"with_text":true')
  await generic.close()
})
