import type { Log } from '@viatra-chat/chat'
import type { FastifyInstance } from 'fastify'

/** One line for each request: the route's pattern and never the URL, whose query may hold what people wrote. */
export function logRequests(app: FastifyInstance, log: Log): void {
  app.addHook('onResponse', ({ id, method, routeOptions, is404 }, reply, done) => {
    const route = is404 ? null : (routeOptions.url ?? null)
    log.info({ requestId: id, method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 }, 'request')
    done()
  })
}
