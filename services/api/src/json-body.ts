import { isUtf8 } from 'node:buffer'
import { Refusal } from '@viatra-chat/chat'
import type { FastifyInstance } from 'fastify'

/**
 * Bodies are JSON in UTF-8, or there is none: an empty body is absent whatever its content type says, since mobile apps send
 * `application/json` on DELETE. A body that names `__proto__` is refused.
 */
export function readJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  // JSON by its name as well: for what is caught by '*' alone, Fastify takes its type apart each time.
  app.addContentTypeParser<Buffer>(['application/json', '*'], { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined)
    if (!isJson(request.headers)) return done(new Refusal('UNSUPPORTED_MEDIA_TYPE'))
    if (!isUtf8(body)) return done(new Refusal('VALIDATION_ERROR', { message: 'The body is not valid UTF-8.' }))
    return parseJson(request, body.toString(), (error, value) => done(error && malformed(), value))
  })
  // Fastify refuses a type it cannot read before it looks for a body; under this one ours decides.
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    if (headers['content-type'] !== undefined && !isJson(headers)) headers['content-type'] = 'application/octet-stream'
    done()
  })
}

const malformed = () => new Refusal('VALIDATION_ERROR', { message: 'The body is not valid JSON.' })

interface BodyHeaders {
  'content-type'?: string | undefined
  'content-encoding'?: string | string[] | undefined
}

function isJson({ 'content-type': type = '', 'content-encoding': encoding = 'identity' }: BodyHeaders): boolean {
  if (type === 'application/json') return encoding === 'identity'
  const [mediaType, ...parameters] = type.split(';').map((part) => part.trim().toLowerCase())
  return mediaType === 'application/json' && parameters.every(mayStandBesideJson) && encoding === 'identity'
}

const mayStandBesideJson = (parameter: string) => !parameter.startsWith('charset') || /^charset\s*=\s*"?utf-?8"?$/.test(parameter)
