import { readiness } from '@viatra-chat/runtime'
import type { FastifyInstance } from 'fastify'

type Checks = Record<string, () => Promise<void>>

/** For load balancers: `/healthz` says that the process lives, `/readyz` that it may be sent requests (503 otherwise, and while it stops). */
export function addHealthRoutes(app: FastifyInstance, checks: Checks): void {
  const isStopping = closeConnectionsWhileStopping(app)
  app.route({ method: ['GET', 'HEAD'], url: '/healthz', handler: async () => ({ status: 'ok' }) })
  app.route({
    method: ['GET', 'HEAD'],
    url: '/readyz',
    handler: async (_request, reply) => {
      // Without Redis everything but live events goes on: to take all instances out of service then would make an outage of a hiccup.
      const { ready, checks: states } = await readiness(checks, ['redis'])
      const status = isStopping() ? 'stopping' : ready ? 'ready' : 'not_ready'
      return reply.code(status === 'ready' ? 200 : 503).send({ status, checks: states })
    },
  })
}

/** A request that was under way when the stop began would keep its connection open, and the stop would wait for it. */
function closeConnectionsWhileStopping(app: FastifyInstance): () => boolean {
  let stopping = false
  app.addHook('preClose', async () => void (stopping = true))
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (stopping) reply.header('connection', 'close')
    done(null, payload)
  })
  return () => stopping
}
