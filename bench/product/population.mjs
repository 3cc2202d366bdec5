import { randomUUID } from 'node:crypto'
import { createSigner } from 'fast-jwt'
import { secret } from './stand.mjs'

const sign = createSigner({ key: secret, expiresIn: 24 * 3600 * 1000 })

/** What opens the doors for somebody. */
export const tokenOf = (id) => sign({ userId: id })

/** `count` people, as `{id, token}`. */
export async function createPeople({ query }, count) {
  const rows = await query(
    `insert into users (id, first_name, last_name, email)
     select id, 'Person', n::text, id || '@example.org' from (select n, gen_random_uuid() as id from generate_series(1, $1::int) n) p returning id`,
    [count],
  )
  return rows.map(({ id }) => ({ id, token: tokenOf(id) }))
}

/** A group for each list of people; gives its ids in that order. */
export async function createConversations({ query }, memberLists) {
  const ids = memberLists.map(() => randomUUID())
  const [conversationOf, userOf] = [[], []]
  memberLists.forEach((members, n) => members.forEach(({ id }) => conversationOf.push(ids[n]) && userOf.push(id)))
  await query(
    `insert into conversations (id, type, created_by, participant_count)
     select * from unnest($1::uuid[], array_fill('group'::text, array[cardinality($1)]), $2::uuid[], $3::int[])`,
    [ids, memberLists.map(([creator]) => creator.id), memberLists.map((members) => members.length)],
  )
  await query('insert into conversation_members (conversation_id, user_id) select * from unnest($1::uuid[], $2::uuid[])', [
    conversationOf,
    userOf,
  ])
  await query('analyze users, conversations, conversation_members')
  return ids
}
