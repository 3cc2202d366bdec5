import { randomUUID } from 'node:crypto'
import { signToken } from '@viatra-chat/chat'
import type { Conversation, Message, UserId } from '@viatra-chat/contract'
import { connect, testSecret, type Connection } from '@viatra-chat/testkit'
import { askRest, type RestBody, type RestCall } from '../clients/ask-rest.js'
import type { Scene } from './fault-case.js'

/** Somebody of a case alone: nobody else takes part in their conversations, so that they may be treated as badly as it needs. */
export interface Stranger {
  readonly id: UserId
  token(lifetimeMs: number): string
  /** @param url of a gateway; one of the cluster's unless given. */
  connect(url?: string, lifetimeMs?: number): Promise<Connection>
  /** Asks an API, chosen at random; the answer's body. @throws when there is none. */
  rest(call: RestCall): Promise<RestBody>
  /** As `rest`, from this API. */
  restAt(url: string, call: RestCall): Promise<RestBody>
}

const dayMs = 24 * 60 * 60 * 1000

/** New people, as many as asked for. */
export async function strangers(scene: Scene, count: number): Promise<Stranger[]> {
  const ids = Array.from({ length: count }, () => randomUUID() as UserId)
  const statement = `insert into users (id, first_name, last_name) select id, 'Person', 'Example' from unnest($1::uuid[]) as id`
  await scene.cluster.stores.database.query(statement, [ids])
  return ids.map((id) => stranger(scene, id))
}

/** Two strangers with a conversation of their own. */
export async function pairOfStrangers(scene: Scene): Promise<{ ann: Stranger; bob: Stranger; conversationId: string }> {
  const [ann, bob] = await strangers(scene, 2)
  if (!ann || !bob) throw new Error('somebody is missing')
  return { ann, bob, conversationId: await converse(ann, [bob]) }
}

export async function converse(owner: Stranger, others: readonly Stranger[]): Promise<string> {
  const body = { type: 'group', participant_ids: others.map(({ id }) => id) }
  return requireData<Conversation>(await owner.rest({ method: 'POST', path: '/api/v1/chat/conversations', body })).id
}

export async function say(who: Stranger, conversationId: string, content: string, more: object = {}): Promise<Message> {
  const path = `/api/v1/chat/conversations/${conversationId}/messages`
  return requireData<Message>(await who.rest({ method: 'POST', path, body: { content, ...more } }))
}

export function requireData<T>(body: RestBody): T {
  if (!body.success) throw new Error(`refused: ${JSON.stringify(body)}`)
  return body.data as T
}

function stranger({ cluster, population, random }: Scene, id: UserId): Stranger {
  const token = (lifetimeMs: number) => signToken({ secret: testSecret, userId: id, role: 'patient', expiresInMs: lifetimeMs })
  async function restAt(url: string, call: RestCall): Promise<RestBody> {
    const outcome = await askRest(population.history, url, token(dayMs), call)
    if (outcome.kind === 'silence') throw new Error(`${call.method} ${call.path}: ${outcome.reason}`)
    return outcome.body
  }
  return {
    id,
    token,
    connect: (url = random.pick(cluster.gateways).url, lifetimeMs = dayMs) => connect(url, { token: token(lifetimeMs) }),
    rest: (call) => restAt(random.pick(cluster.apis).url, call),
    restAt,
  }
}
