import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import fastifyCors from '@fastify/cors'
import helmet from 'helmet'
import { Refusal } from '@viatra-chat/chat'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** What every answer carries, failures included, and which web pages may read answers. */
export async function addAnswerHeaders(app: FastifyInstance, corsOrigins: readonly string[]): Promise<void> {
  app.addHook('onRequest', (request, reply, done) => {
    setAnswerHeaders(request, reply)
    done()
  })
  if (corsOrigins.length > 0) await allowOrigins(app, corsOrigins)
}

/** The same for answers that no hook sees. */
export function setAnswerHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(alwaysTheSame)
  reply.header('x-request-id', request.id)
}

/**
 * What helmet says of data: it is asked once, as it says the same of every answer. Nothing in it may be shown as a page or load anything.
 * What is left out is for pages and for old browsers; a header costs a send some half percent of the processor.
 */
const alwaysTheSame = {
  'cache-control': 'no-store',
  ...headersOf(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
      frameguard: { action: 'deny' },
      crossOriginOpenerPolicy: false,
      crossOriginResourcePolicy: false,
      originAgentCluster: false,
      referrerPolicy: false,
      dnsPrefetchControl: false,
      ieNoOpen: false,
      permittedCrossDomainPolicies: false,
      xssFilter: false,
    }),
  ),
}

type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

function headersOf(middleware: Middleware): Record<string, string> {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  middleware(request, response, (error) => {
    if (error instanceof Error) throw error
  })
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]))
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
