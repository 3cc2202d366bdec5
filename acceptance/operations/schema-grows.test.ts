import { startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

// The half of an upgrade that meets running services: tables get columns that the version that runs knows nothing of.

let world: World
beforeAll(async () => {
  // One connection, so that what is asked afterwards is asked where it was asked before.
  world = await startWorld({ gateways: 0, env: { CHAT_CACHE: 'off', DATABASE_POOL_MAX: '1' } })
})
afterAll(() => world.close())

test('a running service answers as before when every table gets a column', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const admin = await world.person('Root', { role: 'admin' })
  await ann.send(conversation, 'first')
  const refused = () => refusedOf({ ann, bob, admin }, conversation.id)
  // PostgreSQL settles on a plan of its own for a statement after five executions.
  for (let n = 0; n < 6; n++) expect(await refused()).toEqual([])
  const { rows } = await world.database.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
  )
  expect(rows.length).toBeGreaterThan(10)
  for (const { name } of rows) await world.database.query(`alter table ${name} add column of_the_next_version int`)
  expect(await refused()).toEqual([])
})

const chat = '/api/v1/chat'

/** Makes calls that read or write each of the tables. @returns those that were refused, which none should be */
async function refusedOf({ ann, bob, admin }: Record<'ann' | 'bob' | 'admin', Person>, id: string): Promise<string[]> {
  const refused: string[] = []
  async function call(who: Person, method: string, path: string, body?: unknown) {
    const answer = await who.rest<{ id?: string }>(method, path, body)
    if (/^20[01]$/.test(answer.verdict)) return answer.data
    refused.push(`${method} ${path}: ${answer.verdict}`)
    return {}
  }
  const { id: group } = await call(ann, 'POST', `${chat}/conversations`, { type: 'group', participant_ids: [bob.id] })
  await call(ann, 'PATCH', `${chat}/conversations/${group}`, { metadata: { name: 'Ward 4' } })
  await call(ann, 'PATCH', `${chat}/conversations/${group}/participants/${bob.id}`, { participant_role: 'moderator' })
  await call(ann, 'POST', `${chat}/conversations/${group}/participants`, { participant_ids: [admin.id] })
  await call(ann, 'DELETE', `${chat}/conversations/${group}/participants/${bob.id}`)
  const { id: message } = await call(ann, 'POST', `${chat}/conversations/${id}/messages`, { content: 'hi' })
  await call(bob, 'GET', `${chat}/conversations`)
  await call(bob, 'GET', `${chat}/conversations/${id}`)
  await call(bob, 'GET', `${chat}/conversations/${id}/messages`)
  await call(bob, 'GET', `${chat}/sync`)
  await call(bob, 'GET', `${chat}/presence?user_ids=${ann.id}`)
  await call(bob, 'POST', `${chat}/conversations/${id}/read`, { message_ids: [message] })
  await call(bob, 'POST', '/api/v1/auth/fcm-token', { fcm_token: 'a'.repeat(40) })
  await call(bob, 'PUT', `${chat}/conversations/${id}/mute`, {})
  await call(bob, 'GET', `${chat}/conversations/${id}/mute`)
  await call(bob, 'PUT', `${chat}/quiet-hours`, { from: '22:00', to: '07:00', time_zone: 'Europe/Berlin' })
  await call(bob, 'GET', `${chat}/quiet-hours`)
  await call(ann, 'DELETE', `${chat}/messages/${message}`)
  await call(admin, 'GET', `/api/v1/admin/messages/${message}?reason=complaint`)
  await call(admin, 'GET', `/api/v1/admin/people/${ann.id}/export?reason=asked`)
  await call(admin, 'GET', `/api/v1/admin/pushes?message_id=${message}&user_id=${bob.id}`)
  return refused
}
