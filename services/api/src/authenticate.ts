import fastifyJwt from '@fastify/jwt'
import { createBearerVerifier, fastifyJwtOptions, Refusal, type Actor, type Chat } from '@viatra-chat/chat'
import { clientAddress, type Config } from '@viatra-chat/runtime'
import type { FastifyInstance, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null before authentication and on public routes. */
    actor: Actor | null
  }
}

export type Authenticate = (request: FastifyRequest) => Promise<void>

/** @returns the hook of every route that needs somebody: it finds out who asks, or refuses. */
export async function authenticateWith(app: FastifyInstance, config: Config, chat: Chat): Promise<Authenticate> {
  await app.register(fastifyJwt, fastifyJwtOptions(config.jwt))
  app.decorateRequest('actor', null)
  const verifyBearer = createBearerVerifier()
  return async (request) => {
    try {
      const { actor } = await chat.authenticator.admit(await verifyBearer(request))
      request.actor = actor
    } catch (error) {
      throw error instanceof Refusal ? chat.failedTokens.answer(clientAddress(request.raw, config.trustedProxyHops), error) : error
    }
  }
}

/** @throws a fault on a route without authentication. */
export function actorOf({ actor }: FastifyRequest): Actor {
  if (!actor) throw new Error('this route does not authenticate')
  return actor
}
