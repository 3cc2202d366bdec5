import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { signToken } from '../instance/sign-token.js'
import { Problem } from '../problem.js'

/** Somebody who makes load: two and two share a conversation. */
export interface LoadPerson {
  token: string
  userId: string
  conversationId: string
}

export interface LoadPlan {
  /** The origin, `http://localhost:8080`. */
  url: string
  databaseUrl: string
  /** Signs the tokens: the JWT_SECRET of the instance. */
  secret: string
  /** How many people; an odd one is rounded up. */
  count: number
  /** How long the tokens are good: `1h`. */
  expiresIn: string
  env: NodeJS.ProcessEnv
}

/** Makes accounts in the database, tokens, and through the REST door a direct conversation for each pair. */
export async function createPeople({ url, databaseUrl, secret, count, expiresIn, env }: LoadPlan): Promise<LoadPerson[]> {
  const ids = Array.from({ length: count + (count % 2) }, () => randomUUID())
  await insertUsers(databaseUrl, ids)
  const tokenOf = (userId: string) => signToken(secret, { userId, role: 'patient', expiresIn }, env)
  const people: LoadPerson[] = []
  for (let i = 0; i < ids.length; i += 2) {
    const [first = '', second = ''] = ids.slice(i, i + 2)
    const conversationId = await converse(url, tokenOf(first), second)
    people.push(...[first, second].map((userId) => ({ token: tokenOf(userId), userId, conversationId })))
  }
  return people
}

/** As the tools read it: a head line, then one line each. */
export function toCsv(people: readonly LoadPerson[]): string {
  const lines = people.map(({ token, userId, conversationId }) => [token, userId, conversationId].join(','))
  return `${['token,userId,conversationId', ...lines].join('\n')}\n`
}

async function insertUsers(databaseUrl: string, ids: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(
      `insert into users (id, first_name, last_name, email, role)
       select id, 'Load', 'Person ' || left(id::text, 8), id || '@load.invalid', 'patient' from unnest($1::uuid[]) as id`,
      [ids],
    )
  } finally {
    await client.end()
  }
}

async function converse(url: string, token: string, withId: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ participant_ids: [withId] })
  const response = await fetch(`${url}/api/v1/chat/conversations`, { method: 'POST', headers, body })
  const answer = (await response.json()) as { data?: { id: string }; code?: string }
  if (!answer.data)
    throw new Problem(`A conversation could not be made: ${response.status} ${answer.code}. Does ${url} use this database and secret?`)
  return answer.data.id
}
