import type { Conversation, Message } from '@viatra-chat/contract'
import { eventually, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

let world: World
let root: Person
let ann: Person
let conversation: Conversation
let messages: Message[]
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  root = await world.person('Root', { role: 'admin' })
  ;({ ann, conversation } = await world.twoPeople())
  messages = [await ann.send(conversation, 'I feel dizzy'), await ann.send(conversation, 'forget that')]
  await ann.rest('DELETE', `/api/v1/chat/messages/${messages[1]?.id}`)
})

const grant = (who: Person, more: Record<string, unknown> = {}) =>
  who.rest<{ grant_id: string; expires_at: string }>('POST', '/api/v1/admin/break-glass', {
    conversation_id: conversation.id,
    minutes: 15,
    reason: 'unconscious in the ward',
    ...more,
  })
const look = (who: Person, query = '') =>
  who.rest<{ messages: (Message & { deleted_at: string | null })[] }>(
    'GET',
    `/api/v1/admin/conversations/${conversation.id}/messages${query}`,
  )

async function auditActions(): Promise<unknown[]> {
  const { rows } = await world.database.query<{ action: string; actor_id: string; reason: string | null }>(
    `select action, actor_id, reason from audit_log where conversation_id = $1 and (action like 'break_glass%' or action = 'access_denied') order by id`,
    [conversation.id],
  )
  return rows.map(({ action, actor_id, reason }) => [action, actor_id, reason])
}

describe('emergency access', () => {
  test('shows what was said, deleted messages too, and each look is on record with the reason', async () => {
    expect((await look(root)).verdict).toBe('403 FORBIDDEN')
    const { data } = await grant(root)
    expect(Date.parse(data.expires_at) - Date.now()).toBeLessThanOrEqual(15 * 60_000)
    const page = (await look(root)).data.messages
    expect(page.map(({ content, is_deleted }) => [content, is_deleted])).toEqual([
      ['forget that', true],
      ['I feel dizzy', false],
    ])
    expect((await look(root, '?before_seq=2')).data.messages.map(({ seq }) => seq)).toEqual([1])
    await eventually(async () =>
      expect((await auditActions()).toSorted()).toEqual(
        [
          ['access_denied', root.id, null],
          ['break_glass_granted', root.id, 'unconscious in the ward'],
          ['break_glass_used', root.id, 'unconscious in the ward'],
          ['break_glass_used', root.id, 'unconscious in the ward'],
        ].toSorted(),
      ),
    )
  })

  test('is over when its time is', async () => {
    const { data } = await grant(root)
    await look(root)
    await world.database.query(`update break_glass_grants set granted_at = now() - interval '1 hour', expires_at = now() where id = $1`, [
      data.grant_id,
    ])
    expect((await look(root)).verdict).toBe('403 FORBIDDEN')
  })

  test('is over when an administrator ends it, which may be repeated', async () => {
    const other = await world.person('Other', { role: 'admin' })
    const { data } = await grant(root)
    for (const n of [1, 2]) expect((await other.rest('DELETE', `/api/v1/admin/break-glass/${data.grant_id}`)).status, `try ${n}`).toBe(200)
    expect((await look(root)).verdict).toBe('403 FORBIDDEN')
    expect((await auditActions()).filter((row) => (row as string[])[0] === 'break_glass_ended')).toEqual([
      ['break_glass_ended', other.id, null],
    ])
  })

  test('is of one administrator and one conversation alone', async () => {
    const other = await world.person('Other', { role: 'admin' })
    await grant(root, { user_id: other.id })
    expect((await look(other)).status).toBe(200)
    expect((await look(root)).verdict).toBe('403 FORBIDDEN')
    const { conversation: another } = await world.twoPeople()
    expect((await other.rest('GET', `/api/v1/admin/conversations/${another.id}/messages`)).verdict).toBe('403 FORBIDDEN')
  })

  test('reads only: nothing can be sent or deleted with it', async () => {
    await grant(root)
    expect((await root.rest('POST', `/api/v1/chat/conversations/${conversation.id}/messages`, { content: 'x' })).verdict).toBe(
      '403 NOT_A_PARTICIPANT',
    )
    expect((await root.rest('DELETE', `/api/v1/chat/messages/${messages[0]?.id}`)).verdict).toBe('403 NOT_A_PARTICIPANT')
  })

  test.each([
    ['for longer than an hour', { minutes: 61 }, 'minutes'],
    ['for no time', { minutes: 0 }, 'minutes'],
    ['without a reason', { reason: ' ' }, 'reason'],
  ])('is not granted %s', async (_, more, path) => {
    const answer = await grant(root, more)
    expect([answer.verdict, answer.paths]).toEqual(['400 VALIDATION_ERROR', [path]])
  })

  test('is granted by administrators, to administrators, to what there is', async () => {
    expect((await grant(ann)).verdict).toBe('403 FORBIDDEN')
    expect((await grant(root, { user_id: ann.id })).paths).toEqual(['user_id'])
    expect((await grant(root, { conversation_id: '0190f3c0-0000-7000-8000-000000000000' })).verdict).toBe('404 CONVERSATION_NOT_FOUND')
    expect((await ann.rest('DELETE', '/api/v1/admin/break-glass/0190f3c0-0000-7000-8000-000000000000')).verdict).toBe('403 FORBIDDEN')
  })
})
