import type { Cluster } from '../cluster/cluster.js'
import type { History } from '../history.js'

/** C11: no process ended unless it was told to, and no answer was a fault of ours. */
export function checkServices({ apis, gateways }: Cluster, history: History): string[] {
  return [
    ...[...apis, ...gateways].flatMap(({ unexpectedEnds }) => unexpectedEnds.map((end) => `C11 ${end}`)),
    ...history.failures.map(({ door, what, answer }) => `C11 ${what} over ${door} was answered ${answer}`),
  ]
}
