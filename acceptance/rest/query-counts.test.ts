import type { UserId } from '@viatra-chat/contract'
import { countQueries, eventually, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

// A list is a fixed number of queries, however long it is and however many people it shows.

let world: World
beforeAll(async () => {
  world = await startWorld({ gateways: 0, env: { CHAT_CACHE: 'off' } })
})
afterAll(() => world.close())

const list = '/api/v1/chat/conversations'

/**
 * Who the caller is, and who was never seen, is asked once in a while and remembered, and the outbox is looked through and emptied in the background:
 * these are left out. What telling the others takes, after the answer, counts.
 */
async function counted(run: () => Promise<unknown>): Promise<number> {
  const except = /"is_active" from "users"|from last_seen|chat_seal_audit|^\s*(delete|select exists \(select 1) from outbox/
  const queries = await countQueries(() => run().then(allTold), { except })
  expect(queries).toBeGreaterThan(0)
  return queries
}

const allTold = () =>
  eventually(async () => {
    const { rows } = await world.database.query<{ left: boolean }>('select exists (select 1 from outbox) as left')
    expect(rows[0]?.left).toBe(false)
  })

const groupOf = async (owner: Person, others: readonly UserId[]) => owner.create({ type: 'group', participant_ids: others })
const sendMany = async (who: Person, to: { id: string }, count: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => who.send(to, `${n}`))).then((sent) => sent.map(({ id }) => id))

test('a page of conversations takes as many queries for 20 as for 1', async () => {
  const [few, many] = await world.people('Few', 'Many')
  const people = await world.crowd(21)
  for (const [n, id] of people.entries()) {
    const who = n === 0 ? few : many
    await who.send(await who.create({ type: 'group', participant_ids: [id] }), 'hi')
  }
  const [one, twenty] = [await counted(() => few.conversations()), await counted(() => many.conversations())]
  expect([(await few.conversations()).length, (await many.conversations()).length]).toEqual([1, 20])
  expect(twenty).toBe(one)
  expect(one).toBeLessThanOrEqual(3)
})

test('a page of history takes as many queries for 50 messages as for 1', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const first = await ann.send(conversation, 'first')
  const one = await counted(() => bob.history(conversation))
  const parent_message_id = first.id
  for (const who of [ann, bob]) for (let n = 0; n < 25; n++) await who.send(conversation, `${n}`, { parent_message_id })
  const fifty = await counted(() => bob.history(conversation))
  expect(await bob.history(conversation)).toHaveLength(50)
  expect(fifty).toBe(one)
  const [before, after] = [
    await counted(() => bob.history(conversation, `?before=${first.id}`)),
    await counted(() => bob.history(conversation, `?after=${first.id}`)),
  ]
  expect(Math.max(before, after)).toBeLessThanOrEqual(one + 1)
})

test('nothing takes more queries in a group of 300 than in one of 3', async () => {
  const owner = await world.person('Olga')
  const member = await world.person('Ben')
  const people = await world.crowd(600)
  const small = await groupOf(owner, [member.id, ...people.slice(0, 1)])
  const large = await groupOf(owner, [member.id, ...people.slice(0, 298)])
  const ids = new Map([
    [small.id, await sendMany(owner, small, 3)],
    [large.id, await sendMany(owner, large, 3)],
  ])
  const actions: [string, (at: { id: string }) => Promise<unknown>][] = [
    ['one conversation', (at) => member.conversation(at.id)],
    ['history', (at) => member.history(at)],
    ['sending', (at) => member.send(at, 'x')],
    ['reading', (at) => member.rest('POST', `${list}/${at.id}/read`, { message_ids: ids.get(at.id as never) })],
    ['receipts', (at) => member.rest('GET', `/api/v1/chat/messages/${ids.get(at.id as never)?.[0]}/receipts`)],
    ['deleting', (at) => owner.rest('DELETE', `/api/v1/chat/messages/${ids.get(at.id as never)?.[1]}`)],
    ['metadata', (at) => owner.rest('PATCH', `${list}/${at.id}`, { metadata: { name: 'x' } })],
    ['a role', (at) => owner.rest('PATCH', `${list}/${at.id}/participants/${member.id}`, { participant_role: 'moderator' })],
    ['adding', (at) => owner.rest('POST', `${list}/${at.id}/participants`, { participant_ids: people.slice(500, 501) })],
    ['removing', (at) => owner.rest('DELETE', `${list}/${at.id}/participants/${people[500]}`)],
  ]
  for (const [what, act] of actions) {
    const [inSmall, inLarge] = [await counted(() => act(small)), await counted(() => act(large))]
    expect(inLarge, what).toBe(inSmall)
  }
})

test('naming many takes as many queries as naming one', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const ids = await sendMany(ann, conversation, 101)
  const people = await world.crowd(400)
  const group = await groupOf(ann, [bob.id])
  const read = (message_ids: readonly string[]) => bob.rest('POST', `${list}/${conversation.id}/read`, { message_ids })
  const add = (participant_ids: readonly string[]) => ann.rest('POST', `${list}/${group.id}/participants`, { participant_ids })
  const create = (participant_ids: readonly string[]) => ann.rest('POST', list, { type: 'group', participant_ids })
  const presence = (asked: readonly string[]) => ann.rest('GET', `/api/v1/chat/presence?user_ids=${asked.join(',')}`)
  const actions: [string, (named: readonly string[]) => Promise<unknown>, string[], string[]][] = [
    ['reading', read, ids.slice(0, 1), ids.slice(1)],
    ['adding', add, people.slice(0, 1), people.slice(1, 200)],
    ['creating', create, people.slice(0, 1), people.slice(0, 300)],
    ['presence', presence, people.slice(0, 1), people.slice(0, 100)],
  ]
  for (const [what, act, one, many] of actions) {
    const [forOne, forMany] = [await counted(() => act(one)), await counted(() => act(many))]
    expect(forMany, what).toBe(forOne)
  }
})
