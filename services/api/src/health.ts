import { readiness } from '@viatra-chat/runtime'
import type { FastifyInstance } from 'fastify'

type Checks = Record<string, () => Promise<void>>

/** For load balancers: `/healthz` says that the process lives, `/readyz` that it may be sent requests (503 otherwise, and while it stops). */
export function addHealthRoutes(app: FastifyInstance, checks: Checks): void {
  let stopping = false
  app.addHook('preClose', async () => void (stopping = true))
  app.route({ method: ['GET', 'HEAD'], url: '/healthz', handler: async () => ({ status: 'ok' }) })
  app.route({
    method: ['GET', 'HEAD'],
    url: '/readyz',
    handler: async (_request, reply) => {
      const { ready, checks: states } = await readiness(checks)
      const status = stopping ? 'stopping' : ready ? 'ready' : 'not_ready'
      return reply.code(status === 'ready' ? 200 : 503).send({ status, checks: states })
    },
  })
}
