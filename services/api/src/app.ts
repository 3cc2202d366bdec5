import { randomUUID } from 'node:crypto'
import fastifyRedis from '@fastify/redis'
import { Refusal, type OpenChat } from '@viatra-chat/chat'
import { bounds } from '@viatra-chat/contract'
import type { Config, Metrics } from '@viatra-chat/runtime'
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify'
import { authenticateWith } from './authenticate.js'
import { limitCalls } from './call-limits.js'
import { answerFailuresOf, answerUnusableUrl } from './failures.js'
import { addDocumentRoutes } from './documents.js'
import { addReference } from './reference/reference.js'
import { addAnswerHeaders } from './answer-headers.js'
import { addHealthRoutes } from './health.js'
import { readJsonBodies } from './json-body.js'
import { logRequests } from './log-requests.js'
import { measureRequests } from './metrics.js'
import { addOperationRoutes } from './operations.js'
import { answerBrokenRequest } from './broken-request.js'

/**
 * The API, not yet listening. Each call goes the same way: headers, 404, token, body, limit, operation; whatever fails
 * becomes the contract's failure in one place.
 */
export async function buildApp(config: Config, chat: OpenChat, metrics?: Metrics): Promise<FastifyInstance> {
  const app = openServer(chat)
  // First, since a route keeps the error handler that it found.
  answerFailuresOf(app, chat.log)
  await registerRedis(app, chat)
  logRequests(app, chat.log)
  measureRequests(app, metrics)
  await addAnswerHeaders(app, config.corsOrigins)
  app.addHook('onRequest', refuseUnknownRoute)
  readJsonBodies(app)
  const authenticate = await authenticateWith(app, config, chat)
  await limitCalls(app, chat.limits)
  addOperationRoutes(app, chat, authenticate)
  addHealthRoutes(app, chat.checks)
  addDocumentRoutes(app)
  await addReference(app)
  return app
}

function openServer(chat: OpenChat): FastifyInstance {
  return fastify({
    logger: false,
    bodyLimit: bounds.packetBytesMax,
    genReqId: ({ headers }) => takeOver(headers['x-request-id']) ?? randomUUID(),
    frameworkErrors: (error, request, reply) => void answerUnusableUrl(error, request, reply, chat.log),
    clientErrorHandler: answerBrokenRequest,
    exposeHeadRoutes: false,
    // An instance that stops still answers what is under way, and does so in the contract's words.
    return503OnClosing: false,
    // Longer than the idle timeout of common load balancers (60 s), which otherwise send into a connection we just closed.
    keepAliveTimeout: 75_000,
    // Whoever is slower has not sent all within 15 s, the interval of looking included; a body is 128 KiB at most.
    requestTimeout: 12_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2500 },
    // A long id is a wrong id (400), not an unknown route; Node bounds the whole head at 16 KiB.
    routerOptions: { maxParamLength: 16_384 },
  })
}

function takeOver(requestId: string | string[] | undefined): string | undefined {
  return typeof requestId === 'string' && /^[\w-]{1,64}$/.test(requestId) ? requestId : undefined
}

/** The plugin waits for a connection; an API that starts during an outage of Redis must not. Whoever made the client closes it. */
async function registerRedis(app: FastifyInstance, { redis }: OpenChat): Promise<void> {
  if (redis.status === 'ready') await app.register(fastifyRedis, { client: redis })
}

/** Before anything else is looked at: an unknown route is unknown with and without a token, and whatever its body. */
function refuseUnknownRoute({ is404 }: { is404: boolean }, _reply: FastifyReply, done: (error?: Error) => void): void {
  if (is404) done(new Refusal('NOT_FOUND'))
  else done()
}
