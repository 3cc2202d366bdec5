import fastifyCors from '@fastify/cors'
import fastifyHelmet from '@fastify/helmet'
import { Refusal } from '@viatra-chat/chat'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** What every answer carries, failures included, and which web pages may read answers. */
export async function addAnswerHeaders(app: FastifyInstance, corsOrigins: readonly string[]): Promise<void> {
  app.addHook('onRequest', async (request, reply) => void setAnswerHeaders(request, reply))
  // Answers are data: nothing in them may be shown as a page or load anything.
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    frameguard: { action: 'deny' },
  })
  if (corsOrigins.length > 0) await allowOrigins(app, corsOrigins)
}

function setAnswerHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store' })
}

/** For answers that no hook sees. */
export function setHeadersOutsideHooks(request: FastifyRequest, reply: FastifyReply): void {
  setAnswerHeaders(request, reply)
  reply.headers({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' })
}

async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  app.addHook('onRequest', refuseOptionsWithoutPreflight)
  await app.register(fastifyCors, {
    origin: [...origins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-request-id'],
    exposedHeaders: ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'retry-after', 'x-request-id'],
    maxAge: 600,
  })
}

/** The plugin answers every OPTIONS; one that is no preflight is an unknown method like any other. */
async function refuseOptionsWithoutPreflight({ method, headers }: FastifyRequest): Promise<void> {
  const isPreflight = headers.origin !== undefined && headers['access-control-request-method'] !== undefined
  if (method === 'OPTIONS' && !isPreflight) throw new Refusal('NOT_FOUND')
}
