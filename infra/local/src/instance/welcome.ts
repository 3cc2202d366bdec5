import type { DemoPerson } from '@viatra-chat/db'
import { metricsPortOf } from './service-plans.js'
import type { Settings } from './settings.js'
import { defaultExpiry, signToken } from './sign-token.js'
import type { Stores } from './start-stores.js'

const peopleShownMax = 4

/** What the person who started it reads: where to look, whom to be, what to paste. */
export function welcome(settings: Settings, stores: Stores, people: readonly DemoPerson[], secret: string | undefined): string {
  const { port, apis, gateways, dataDir } = settings
  const url = `http://localhost:${port}`
  const lines = [
    '',
    `Viatra Chat runs at ${url}: open it in a browser to chat as anybody of the demo.`,
    '',
    `  REST      ${url}/api/v1      ${range('API', port + 1, apis)}`,
    `  Sockets   ${url}             ${range('gateway', port + 11, gateways)}`,
    `  Metrics   http://localhost:${metricsPortOf(port + 1)}/metrics      each process, on its port + 20`,
    `  Docs      ${url}/docs to read and try out, ${url}/docs/events for the socket`,
    '',
    ...(secret === undefined ? [] : demo(settings, url, people, secret)),
    `Data and logs: ${dataFolders(dataDir, stores)} (${stores.postgres.origin}, ${stores.redis.origin}).`,
    'Ctrl-C stops everything; `npm start -- --fresh` begins anew; `npx pnpm token --user <id or email>` signs more tokens.',
    '',
  ]
  return lines.join('\n')
}

function range(name: string, first: number, count: number): string {
  return count === 1 ? `1 ${name} process, port ${first}` : `${count} ${name} processes, ports ${first}–${first + count - 1}`
}

function demo({ env }: Settings, url: string, people: readonly DemoPerson[], secret: string): string[] {
  const shown = oneOfEachRole(people)
  const [first] = shown
  if (!first) return []
  const expiresIn = defaultExpiry(env)
  const tokenOf = ({ id, role }: DemoPerson) => signToken(secret, { userId: id, role, expiresIn }, env)
  return [
    `Demo people (${people.length} in all) with tokens that last ${expiresIn}:`,
    '',
    ...shown.flatMap((person) => [
      `  ${person.first_name} ${person.last_name}, ${person.role}, ${person.email}`,
      `  ${tokenOf(person)}`,
      '',
    ]),
    `${first.first_name}'s conversations:`,
    '',
    `  curl -s '${url}/api/v1/chat/conversations?limit=3' -H 'Authorization: Bearer ${tokenOf(first)}'`,
    '',
  ]
}

/** PostgreSQL's user may not be able to reach the checkout; its data is elsewhere then. */
function dataFolders(dataDir: string, { postgres }: Stores): string {
  return postgres.dataDir === undefined || postgres.dataDir.startsWith(dataDir) ? dataDir : `${dataDir} and ${postgres.dataDir}`
}

/** A few people who are as different as possible. */
function oneOfEachRole(people: readonly DemoPerson[]): DemoPerson[] {
  const firsts = people.filter((person, index) => people.findIndex(({ role }) => role === person.role) === index)
  const others = people.filter((person) => !firsts.includes(person))
  return [...firsts, ...others].slice(0, peopleShownMax)
}
