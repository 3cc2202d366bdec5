import fastifyJwt from '@fastify/jwt'
import { fastifyJwtOptions, verifyBearer, type Actor, type Chat, type TokenOptions } from '@viatra-chat/chat'
import type { FastifyInstance, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null before authentication and on public routes. */
    actor: Actor | null
  }
}

export type Authenticate = (request: FastifyRequest) => Promise<void>

/** @returns the hook of every route that needs somebody: it finds out who asks, or refuses. */
export async function authenticateWith(app: FastifyInstance, jwt: TokenOptions, chat: Chat): Promise<Authenticate> {
  await app.register(fastifyJwt, fastifyJwtOptions(jwt))
  app.decorateRequest('actor', null)
  return async (request) => {
    const { actor } = await chat.authenticator.admit(await verifyBearer(request))
    request.actor = actor
  }
}

/** @throws a fault on a route without authentication. */
export function actorOf({ actor }: FastifyRequest): Actor {
  if (!actor) throw new Error('this route does not authenticate')
  return actor
}
