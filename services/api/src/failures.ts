import { asRefusal, Refusal, toFailure, type Log } from '@viatra-chat/chat'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { setAnswerHeaders } from './answer-headers.js'
import { countFailedCall } from './call-limits.js'

/** Whatever a hook, a parser or a handler throws becomes the contract's failure here and nowhere else. */
export function answerFailuresOf(app: FastifyInstance, log: Log): void {
  app.setErrorHandler(async (error: unknown, request, reply) => {
    await countFailedCall(request, reply)
    // Fastify would close the connection under a client that is still sending; read to its end, the request gets its answer.
    reply.removeHeader('connection')
    return answer(toRefusal(error, request, log), request, reply)
  })
  app.setNotFoundHandler(() => {
    throw new Refusal('NOT_FOUND')
  })
}

/** A URL that cannot be decoded has no route and meets no hook. */
export function answerUnusableUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  setAnswerHeaders(request, reply)
  return answer(toRefusal(error, request, log), request, reply)
}

function answer(refusal: Refusal, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (refusal.retryAfterS !== undefined) reply.header('retry-after', refusal.retryAfterS)
  return reply.code(refusal.status).send(toFailure(refusal, request.id))
}

function toRefusal(error: unknown, request: FastifyRequest, log: Log): Refusal {
  if (error instanceof Refusal) return error
  return refusalOfFastify(error) ?? asRefusal(error, log, { route: request.routeOptions.url, requestId: request.id })
}

function refusalOfFastify(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  switch (error.statusCode) {
    case 413:
      return new Refusal('PAYLOAD_TOO_LARGE')
    case 415:
      return new Refusal('UNSUPPORTED_MEDIA_TYPE')
    case 400:
    case 414:
      return new Refusal('VALIDATION_ERROR', { message: sentences[String('code' in error && error.code)] ?? 'The request cannot be read.' })
    default:
      return undefined
  }
}

const sentences: Partial<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The URL is not valid.',
  FST_ERR_MAX_PARAM_LENGTH: 'The URL is not valid.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body has another length than content-length says.',
}
