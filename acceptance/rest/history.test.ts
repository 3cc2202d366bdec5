import type { Message, Pagination } from '@viatra-chat/contract'
import { newUserId, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
let ann: Person
let bob: Person
let path: string
let conversation: { id: string }
/** Seqs that history shows, newest first: 1 to 47 without the deleted ones. */
let seqs: number[]
let idOf: Map<number, string>
const deleted = [1, 7, 8, 9, 20, 30, 31, 46, 47]

beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 0 })
  ;({ ann, bob, conversation } = await world.twoPeople())
  path = `/api/v1/chat/conversations/${conversation.id}/messages`
  const sent: Message[] = []
  for (let n = 1; n <= 47; n++) sent.push(await (n % 3 ? ann : bob).send(conversation, `${n}`))
  for (const message of sent.filter(({ seq }) => deleted.includes(seq)))
    await (message.sender_id === ann.id ? ann : bob).rest('DELETE', `/api/v1/chat/messages/${message.id}`)
  idOf = new Map(sent.map(({ seq, id }) => [seq, id]))
  seqs = sent
    .map(({ seq }) => seq)
    .filter((seq) => !deleted.includes(seq))
    .reverse()
})
afterAll(() => world.close())

async function read(query = '') {
  const { data } = await ann.rest<{ messages: Message[]; pagination: Pagination }>('GET', `${path}${query}`)
  expect(data.messages.map(({ id }) => id)).toEqual(data.messages.map(({ seq }) => idOf.get(seq)))
  return { seqs: data.messages.map(({ seq }) => seq), pagination: data.pagination }
}

describe('pages', () => {
  test('are newest first, without what was deleted, and counted without it', async () => {
    const all = await read()
    expect(all).toEqual({ seqs, pagination: { page: 1, limit: 50, total: 38, pages: 1, next_cursor: null } })
  })

  test('at any depth show what counting shows, whatever was deleted in between', async () => {
    for (const limit of [1, 2, 7, 10, 38, 100]) {
      const pages = Math.ceil(seqs.length / limit)
      for (let page = 1; page <= pages + 1; page++) {
        const shown = seqs.slice((page - 1) * limit, page * limit)
        const next_cursor = page < pages ? idOf.get(shown.at(-1) ?? 0) : null
        expect(await read(`?page=${page}&limit=${limit}`), `page ${page} of ${limit}`).toEqual({
          seqs: shown,
          pagination: { page, limit, total: 38, pages, next_cursor },
        })
      }
    }
  })

  test('past the end are empty', async () => {
    expect(await read('?page=1000000&limit=100')).toEqual({
      seqs: [],
      pagination: { page: 1_000_000, limit: 100, total: 38, pages: 1, next_cursor: null },
    })
  })

  test('of an empty conversation are none', async () => {
    const empty = await world.twoPeople()
    const { data } = await empty.ann.rest('GET', `/api/v1/chat/conversations/${empty.conversation.id}/messages`)
    expect(data).toEqual({ messages: [], pagination: { page: 1, limit: 50, total: 0, pages: 0, next_cursor: null } })
  })
})

describe('cursors', () => {
  test('walk everything exactly once backwards, from any first page', async () => {
    for (const limit of [1, 5, 38]) {
      let { seqs: found, pagination } = await read(`?limit=${limit}`)
      while (pagination.next_cursor) {
        const next = await read(`?limit=${limit}&before=${pagination.next_cursor}`)
        expect(next.pagination).toMatchObject({ page: null, limit, total: 38 })
        found = [...found, ...next.seqs]
        pagination = next.pagination
      }
      expect(found).toEqual(seqs)
    }
  })

  test('walk everything exactly once forwards, each page newest first', async () => {
    for (const limit of [1, 6, 100]) {
      let found: number[] = []
      let cursor: string | null | undefined = idOf.get(1)
      while (cursor) {
        const { seqs: page, pagination } = await read(`?limit=${limit}&after=${cursor}`)
        expect(page).toEqual([...page].sort((a, b) => b - a))
        expect(pagination).toMatchObject({ page: null, limit })
        found = [...page, ...found]
        cursor = pagination.next_cursor
      }
      expect(found).toEqual(seqs)
    }
  })

  test('before a message gives the ones next to it, also when it is deleted', async () => {
    for (const seq of [10, 9, 8, 31, 47]) {
      const expected = seqs.filter((other) => other < seq).slice(0, 4)
      expect((await read(`?limit=4&before=${idOf.get(seq)}`)).seqs, `before ${seq}`).toEqual(expected)
    }
    expect(await read(`?before=${idOf.get(2)}`)).toMatchObject({ seqs: [], pagination: { next_cursor: null } })
  })

  test('after a message gives the nearest ones, also when it is deleted', async () => {
    for (const seq of [6, 7, 8, 29, 30, 45]) {
      const expected = seqs.filter((other) => other > seq).slice(-4)
      expect((await read(`?limit=4&after=${idOf.get(seq)}`)).seqs, `after ${seq}`).toEqual(expected)
    }
    expect(await read(`?after=${idOf.get(47)}`)).toMatchObject({ seqs: [], pagination: { next_cursor: null } })
  })

  test('are message ids of this conversation in any case, else not found', async () => {
    expect((await read(`?limit=1&before=${idOf.get(5)?.toUpperCase()}`)).seqs).toEqual([4])
    const other = await world.twoPeople()
    const elsewhere = await other.ann.send(other.conversation, 'x')
    const mine = await ann.create({ type: 'channel' })
    const ofMine = await ann.send(mine, 'x')
    for (const id of [elsewhere.id, ofMine.id, newUserId()])
      for (const key of ['before', 'after']) expect((await ann.rest('GET', `${path}?${key}=${id}`)).verdict).toBe('404 MESSAGE_NOT_FOUND')
  })

  test('in both directions at once are refused', async () => {
    const answer = await ann.rest('GET', `${path}?before=${idOf.get(5)}&after=${idOf.get(3)}`)
    expect(answer.verdict).toBe('400 VALIDATION_ERROR')
    expect(['before', 'after']).toContain(answer.paths[0])
  })

  test('stay at their place while messages come and go', async () => {
    const talk = await world.twoPeople()
    const sent = []
    for (let n = 0; n < 6; n++) sent.push(await talk.ann.send(talk.conversation, `${n}`))
    const place = `/api/v1/chat/conversations/${talk.conversation.id}/messages`
    const { data } = await talk.bob.rest<{ pagination: Pagination }>('GET', `${place}?limit=3`)
    await talk.ann.send(talk.conversation, 'new')
    await talk.ann.rest('DELETE', `/api/v1/chat/messages/${data.pagination.next_cursor}`)
    const rest = await talk.bob.history(talk.conversation, `?limit=3&before=${data.pagination.next_cursor}`, { api: 1 })
    expect(rest.map(({ content }) => content)).toEqual(['2', '1', '0'])
  })
})

test.each([
  ...['page=0', 'page=-1', 'page=1000001', 'page=1.5', 'page=x', 'page=', 'page=1e3', 'page=1&page=2'],
  ...['limit=0', 'limit=101', 'limit=-1', 'limit=2.5', 'limit=x', 'limit=all', 'limit=99999999999999999999'],
  ...['before=', 'before=x', 'before=1', 'after=x', 'after=%00', `after=${'a'.repeat(36)}`, `before=${newUserId()}&before=${newUserId()}`],
])('history is refused for %s', async (query) => {
  const answer = await ann.rest('GET', `${path}?${query}`)
  expect([answer.verdict, answer.paths]).toEqual(['400 VALIDATION_ERROR', [query.split('=')[0]]])
})
