import { ignoreMeasures } from '@viatra-chat/chat'
import type { MeasuresOf, MetricDefinition, Metrics } from '@viatra-chat/runtime'
import type { FastifyInstance } from 'fastify'

/** What an API tells beside the domain. */
export const apiMetrics = {
  requestSeconds: {
    name: 'chat_api_request_duration_seconds',
    kind: 'histogram',
    help: 'From a request to the end of its answer, by the pattern of its route.',
    labels: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  inFlight: { name: 'chat_api_requests_in_flight', kind: 'gauge', help: 'Requests being answered.' },
} as const satisfies Record<string, MetricDefinition>

/** Measures every request. A route nobody knows has no label of its own: whoever guesses paths must not make metrics. */
export function measureRequests(app: FastifyInstance, metrics: Metrics | undefined): void {
  const measures: MeasuresOf<typeof apiMetrics> = metrics?.measure(apiMetrics) ?? ignoreMeasures(apiMetrics)
  let inFlight = 0
  app.addHook('onRequest', (_request, _reply, done) => {
    inFlight++
    done()
  })
  app.addHook('onResponse', ({ method, routeOptions, is404 }, reply, done) => {
    inFlight--
    const route = is404 ? 'unknown' : (routeOptions.url ?? 'unknown')
    measures.requestSeconds(reply.elapsedTime / 1000, { method, route, status: String(reply.statusCode) })
    done()
  })
  metrics?.onScrape(() => measures.inFlight(inFlight))
}
