import type { Presence } from '@viatra-chat/contract'
import type { Population } from '../clients/population.js'
import { until } from '../until.js'

// A gateway that was killed is noticed within this time; all else is faster.
const convergesWithinMs = 30_000

/** C12: within 30 s everybody who is connected is shown online and nobody else is. Leaves some people disconnected to see both. */
export async function checkPresence(population: Population): Promise<{ problems: string[]; tookMs: number }> {
  const { clients, accounts } = population
  const leaving = accounts.slice(-2)
  await Promise.all(clients.filter(({ account }) => leaving.includes(account)).map((client) => client.close()))
  const expected = new Map(accounts.map((account) => [account.id, !leaving.includes(account)]))
  let wrong: string[] = []
  const tookMs = await until(async () => {
    wrong = await listWrong(population, expected)
    return wrong.length === 0
  }, convergesWithinMs)
  return { problems: tookMs === undefined ? wrong : [], tookMs: tookMs ?? convergesWithinMs }
}

async function listWrong({ clients, accounts }: Population, expected: ReadonlyMap<string, boolean>): Promise<string[]> {
  const path = `/api/v1/chat/presence?user_ids=${accounts.map(({ id }) => id).join(',')}`
  const outcome = await clients[0]?.rest({ method: 'GET', path })
  if (outcome?.kind !== 'answer' || outcome.status !== 200) return ['C12 presence could not be read']
  const { presence } = outcome.body.data as { presence: Presence[] }
  const shown = new Map<string, boolean>(presence.map(({ user_id, is_online }) => [user_id, is_online]))
  return [...expected]
    .filter(([id, isOnline]) => shown.get(id) !== isOnline)
    .map(([id]) => `C12 ${id} is shown as ${String(shown.get(id))}`)
}
