import type { Cluster } from '../cluster/cluster.js'
import type { ServiceProcess } from '../cluster/service-process.js'
import type { History } from '../history.js'

/** C11: no process ended unless it was told to, and no answer was a fault of ours. */
export function checkServices({ apis, gateways }: Cluster, history: History): string[] {
  const services = [...apis, ...gateways]
  return [
    ...services.flatMap(({ unexpectedEnds }) => unexpectedEnds.map((end) => `C11 ${end}`)),
    ...history.failures.map(
      ({ door, what, answer }) => `C11 ${what} over ${door} was answered ${answer}, since ${reasonOf(answer, services)}`,
    ),
  ]
}

/** The line of a log that has the answer's request id. */
function reasonOf(answer: string, services: readonly ServiceProcess[]): string {
  const [, requestId = 'none'] = /"request_id":"([^"]+)"/.exec(answer) ?? []
  return services.flatMap(({ lastLines }) => lastLines).find((line) => line.includes(requestId)) ?? 'no line that is still there says why'
}
