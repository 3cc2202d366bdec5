import { randomUUID } from 'node:crypto'
import { signToken } from '@viatra-chat/chat'
import type { Conversation, UserId } from '@viatra-chat/contract'
import { testSecret } from '@viatra-chat/testkit'
import type pg from 'pg'
import type { Cluster } from '../cluster/cluster.js'
import { History } from '../history.js'
import type { Random } from '../random.js'
import { requireSoon } from '../until.js'
import { VirtualClient, type Account, type Place } from './virtual-client.js'

/** The people of a run, their devices and conversations, and what became of them. */
export interface Population {
  readonly history: History
  readonly accounts: readonly Account[]
  /** At least one for each account; the first of each account's comes first, in the order of the accounts. */
  readonly clients: readonly VirtualClient[]
  /** Who takes part in what, as last acknowledged. Faults that change membership keep it up to date. */
  readonly members: Map<string, Set<string>>
  /** Who may change what, by conversation; of groups alone. */
  readonly owners: Map<string, string>
  /** Where somebody is removed and added again. */
  readonly revolvingDoor: { conversationId: string; ownerId: string; userId: string }
  deviceOf(userId: string): VirtualClient
  create(by: VirtualClient, userIds: readonly string[], type?: 'group' | 'direct'): Promise<string>
  close(): Promise<void>
}

const peopleCount = 8
const groups = [8, 8, 5, 3]
const twoDevices = 2
const tokenLifetimeMs = 24 * 60 * 60 * 1000

/** Makes people and conversations, connects every device, and waits until all know where they are. */
export async function openPopulation(cluster: Cluster, random: Random): Promise<Population> {
  const history = new History()
  const accounts = await createAccounts(cluster.stores.database)
  const place: Place = {
    apis: cluster.apis.map(({ url }) => url),
    gateways: cluster.edges.clientGateway.map(({ port }) => `http://127.0.0.1:${port}`),
    history,
  }
  const device = (account: Account, index: number) => new VirtualClient(place, account, { first: index, random: random.fork() })
  const clients = [...accounts.map(device), ...accounts.slice(0, twoDevices).map((account, index) => device(account, index + 1))]
  const members = new Map<string, Set<string>>()
  const owners = new Map<string, string>()

  const people: Omit<Population, 'revolvingDoor'> = {
    history,
    accounts,
    clients,
    members,
    owners,
    deviceOf: (userId) => {
      const found = clients.find(({ account }) => account.id === userId)
      if (!found) throw new Error('nobody has this id')
      return found
    },
    async create(by, userIds, type = 'group') {
      const id = await createConversation(by, userIds, type)
      const everybody = [...new Set([by.account.id, ...userIds])]
      history.addMembers(id, everybody)
      if (type === 'group') owners.set(id, by.account.id)
      members.set(id, new Set(everybody))
      return id
    },
    close: async () => void (await Promise.all(clients.map((client) => client.close()))),
  }
  await createConversations(people, random)
  const population = { ...people, revolvingDoor: await openDoor(people, random) }
  for (const client of clients) client.open()
  const areReady = () => clients.every((client) => client.isCaughtUp && client.known.size > 0)
  await requireSoon(areReady, 20_000, 'the clients did not get ready')
  return population
}

async function createAccounts(database: pg.Pool): Promise<Account[]> {
  const ids = Array.from({ length: peopleCount }, () => randomUUID() as UserId)
  await database.query(`insert into users (id, first_name, last_name) select id, 'Person', 'Example' from unnest($1::uuid[]) as id`, [ids])
  return ids.map((id, index) => ({
    id,
    name: `person-${index + 1}`,
    token: signToken({ secret: testSecret, userId: id, role: 'patient', expiresInMs: tokenLifetimeMs }),
  }))
}

type Creating = Pick<Population, 'accounts' | 'clients' | 'create'>

async function createConversations({ clients, accounts, create }: Creating, random: Random): Promise<void> {
  const ids = accounts.map(({ id }) => id)
  for (const size of groups) {
    const [owner, ...others] = random.shuffled(ids).slice(0, size)
    const client = clients.find(({ account }) => account.id === owner)
    if (client) await create(client, others)
  }
  const [first, second] = [clients[0], ids[1]]
  if (first && second !== undefined) await create(first, [second], 'direct')
}

async function openDoor({ accounts, clients, create }: Creating, random: Random): Promise<Population['revolvingDoor']> {
  const [ownerId = '', userId = '', ...others] = random.shuffled(accounts.map(({ id }) => id)).slice(0, 4)
  const owner = clients.find(({ account }) => account.id === ownerId)
  if (!owner) throw new Error('the owner has no device')
  return { conversationId: await create(owner, [userId, ...others]), ownerId, userId }
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
