import { randomUUID } from 'node:crypto'
import { signToken } from '@viatra-chat/chat'
import type { Conversation, UserId } from '@viatra-chat/contract'
import { testSecret } from '@viatra-chat/testkit'
import type pg from 'pg'
import type { Cluster } from '../cluster/cluster.js'
import { History } from '../history.js'
import type { Random } from '../random.js'
import { requireSoon } from '../until.js'
import { askRest } from './ask-rest.js'
import { changeUntilAcknowledged } from './change-until-acknowledged.js'
import { VirtualClient, type Account, type Place } from './virtual-client.js'

/** The people of a run, their devices and conversations, and what became of them. */
export interface Population {
  readonly history: History
  readonly accounts: readonly Account[]
  /** At least one for each account; the first of each account's comes first, in the order of the accounts. */
  readonly clients: readonly VirtualClient[]
  /** Who of them takes part in what, as last acknowledged. Whoever changes membership keeps it up to date. */
  readonly members: Map<string, Set<string>>
  /** Who may change what they are about, by conversation; of groups alone. */
  readonly owners: ReadonlyMap<string, VirtualClient>
  /** Where people come and go all the time: who counts on somebody's being there looks elsewhere. */
  readonly changing: ChangingConversation
  /** Somebody who is never connected and has a phone. */
  readonly absentee: Absentee
  deviceOf(userId: string): VirtualClient
  create(by: VirtualClient, userIds: readonly string[], type?: 'group' | 'direct'): Promise<string>
  close(): Promise<void>
}

export interface ChangingConversation {
  readonly conversationId: string
  readonly owner: VirtualClient
  readonly moderator: VirtualClient
  /** Who comes and goes; all of them were there at first. */
  readonly passersBy: readonly string[]
  /** Which of them are moderators. */
  readonly moderators: Set<string>
}

/** Somebody who takes part and has no connection, only pushes. */
export interface Absentee {
  readonly account: Account
  /** Since when they take part in what. */
  readonly since: Map<string, number>
}

const peopleCount = 8
const groups = [8, 8, 5, 3]
const twoDevices = 2
const passersByCount = 3
const tokenLifetimeMs = 24 * 60 * 60 * 1000

/** Makes people and conversations, connects every device, and waits until all know where they are. */
export async function openPopulation(cluster: Cluster, random: Random): Promise<Population> {
  const history = new History()
  const [absent, ...accounts] = await createAccounts(cluster.stores.database)
  if (!absent) throw new Error('nobody is there')
  const place: Place = {
    apis: cluster.apis.map(({ url }) => url),
    gateways: cluster.edges.clientGateway.map(({ port }) => `http://127.0.0.1:${port}`),
    history,
  }
  const device = (account: Account, index: number) =>
    new VirtualClient(place, account, { first: index, random: random.fork(), confirms: account === accounts[0] })
  const clients = [...accounts.map(device), ...accounts.slice(0, twoDevices).map((account, index) => device(account, index + 1))]
  const members = new Map<string, Set<string>>()
  const owners = new Map<string, VirtualClient>()
  const absentee: Absentee = { account: absent, since: new Map() }

  async function create(by: VirtualClient, userIds: readonly string[], type = 'group'): Promise<string> {
    const id = await createConversation(by, userIds, type)
    const everybody = [...new Set([by.account.id, ...userIds])]
    history.addMembers(id, everybody)
    if (type === 'group') owners.set(id, by)
    members.set(id, new Set(everybody.filter((userId) => userId !== absent?.id)))
    if (everybody.includes(absent?.id ?? '')) absentee.since.set(id, performance.now())
    return id
  }
  cluster.fcm.answer(({ token, data }) => {
    const { type, conversation_id: conversationId = '', message_id: messageId = '' } = data ?? {}
    const push = { userId: token, conversationId, messageId }
    if (type === 'new_message') history.hearPush(push)
    return 'ok'
  })
  // Their pushes arrive by their ids.
  for (const { id, token } of [absent, ...accounts.slice(0, 1)]) await registerPhone(place, token, id)
  await createConversations({ clients, accounts, create }, random, absent.id)
  const population: Population = {
    history,
    accounts,
    clients,
    members,
    owners,
    absentee,
    changing: await createChanging({ clients, create, history }, random, absent.id),
    deviceOf: (userId) => {
      const found = clients.find(({ account }) => account.id === userId)
      if (!found) throw new Error('nobody has this id')
      return found
    },
    create,
    close: async () => void (await Promise.all(clients.map((client) => client.close()))),
  }
  for (const client of clients) client.open()
  const areReady = () => clients.every((client) => client.isCaughtUp && client.known.size > 0)
  await requireSoon(areReady, 20_000, 'the clients did not get ready')
  return population
}

async function createAccounts(database: pg.Pool): Promise<Account[]> {
  const ids = Array.from({ length: 1 + peopleCount }, () => randomUUID() as UserId)
  await database.query(`insert into users (id, first_name, last_name) select id, 'Person', 'Example' from unnest($1::uuid[]) as id`, [ids])
  return ids.map((id, index) => ({
    id,
    name: index === 0 ? 'absentee' : `person-${index}`,
    token: signToken({ secret: testSecret, userId: id, role: 'patient', expiresInMs: tokenLifetimeMs }),
  }))
}

async function registerPhone({ apis, history }: Place, token: string, phone: string): Promise<void> {
  const isRegistered = async () => {
    const call = { method: 'POST' as const, path: '/api/v1/auth/fcm-token', body: { fcm_token: phone } }
    const outcome = await askRest(history, apis[0] ?? '', token, call)
    return outcome.kind === 'answer' && outcome.body.success
  }
  await requireSoon(isRegistered, 20_000, 'a phone could not be registered')
}

async function createConversations(
  { clients, accounts, create }: Pick<Population, 'clients' | 'accounts' | 'create'>,
  random: Random,
  absentId: string,
): Promise<void> {
  const ids = accounts.map(({ id }) => id)
  for (const [index, size] of groups.entries()) {
    const [owner, ...others] = random.shuffled(ids).slice(0, size)
    const client = clients.find(({ account }) => account.id === owner)
    if (client) await create(client, index === 0 ? [...others, absentId] : others)
  }
  const [first, second] = [clients[0], ids[1]]
  if (first && second !== undefined) await create(first, [second], 'direct')
}

async function createChanging(
  { clients, create, history }: Pick<Population, 'clients' | 'create' | 'history'>,
  random: Random,
  absentId: string,
): Promise<ChangingConversation> {
  // Whoever is first has a phone, and is to stay where they are.
  const [owner, moderator, ...others] = random.shuffled(clients.slice(1, peopleCount))
  if (!owner || !moderator) throw new Error('too few people')
  const passersBy = [...others.slice(0, passersByCount).map(({ account }) => account.id), absentId]
  const conversationId = await create(owner, [moderator.account.id, ...passersBy])
  const path = `/api/v1/chat/conversations/${conversationId}/participants/${moderator.account.id}`
  await changeUntilAcknowledged(owner, history, {
    action: 'role_changed',
    call: { method: 'PATCH', path, body: { participant_role: 'moderator' } },
  })
  return { conversationId, owner, moderator, passersBy, moderators: new Set() }
}

async function createConversation(by: VirtualClient, userIds: readonly string[], type: string): Promise<string> {
  let id: string | undefined
  const body = { type, participant_ids: userIds }
  await requireSoon(
    async () => {
      const outcome = await by.rest({ method: 'POST', path: '/api/v1/chat/conversations', body })
      if (outcome.kind === 'answer' && outcome.body.success) id = (outcome.body.data as Conversation).id
      return id !== undefined
    },
    20_000,
    'a conversation could not be created',
  )
  return id ?? ''
}
