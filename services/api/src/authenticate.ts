import fastifyJwt from '@fastify/jwt'
import { createBearerVerifier, fastifyJwtOptions, Refusal, type Actor, type Chat, type TokenClaims } from '@viatra-chat/chat'
import { clientAddress, type Config } from '@viatra-chat/runtime'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null before authentication and on public routes. */
    actor: Actor | null
  }
}

export type Authenticate = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

/** @returns the hook of every route that needs somebody: it finds out who asks, or refuses. Who was here a moment ago waits for nothing. */
export async function authenticateWith(app: FastifyInstance, config: Config, chat: Chat): Promise<Authenticate> {
  await app.register(fastifyJwt, fastifyJwtOptions(config.jwt))
  app.decorateRequest('actor', null)
  const bearer = createBearerVerifier()

  function failureOf(request: FastifyRequest, error: unknown): Error {
    if (error instanceof Refusal) return chat.failedTokens.answer(clientAddress(request.raw, config.trustedProxyHops), error)
    return error instanceof Error ? error : new Error('who asks could not be found out', { cause: error })
  }

  async function ask(request: FastifyRequest, known: TokenClaims | undefined): Promise<void> {
    const { actor } = await chat.authenticator.admit(known ?? (await bearer.verify(request)))
    request.actor = actor
  }

  return (request, _reply, done) => {
    try {
      const claims = bearer.recall(request)
      const session = claims && chat.authenticator.recall(claims)
      if (!session)
        return void ask(request, claims).then(
          () => done(),
          (error: unknown) => done(failureOf(request, error)),
        )
      request.actor = session.actor
    } catch (error) {
      return done(failureOf(request, error))
    }
    done()
  }
}

/** @throws a fault on a route without authentication. */
export function actorOf({ actor }: FastifyRequest): Actor {
  if (!actor) throw new Error('this route does not authenticate')
  return actor
}
