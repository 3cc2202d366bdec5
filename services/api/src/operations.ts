import { execute, invalid, type Answer, type Chat, type JsonText } from '@viatra-chat/chat'
import { operations, parseInput, type Operation, type OperationName, type RestDoor } from '@viatra-chat/contract'
import { inSpan } from '@viatra-chat/runtime'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { actorOf, type Authenticate } from './authenticate.js'
import { countCallsOf } from './call-limits.js'

/** One route for each operation of the contract that has a REST door. */
export function addOperationRoutes(app: FastifyInstance, chat: Chat, authenticate: Authenticate): void {
  for (const [name, { rest }] of Object.entries<Operation>(operations)) if (rest) addRoute(name as OperationName, rest)

  function addRoute(operation: OperationName, { method, path, status }: RestDoor): void {
    const countCall = countCallsOf(app, chat.limits, operation)
    app.route({
      method,
      url: path,
      config: { ...(countCall && { countCall }) },
      onRequest: authenticate,
      preHandler: countCall ?? [],
      handler: async (request, reply) => {
        const input = operation === 'send_message' ? withIdempotencyKey(chat, request) : inputOf(request)
        // Only a GET's input is all text: elsewhere a number in quotes is a mistake.
        const fromText = method === 'GET'
        const call = { operation, actor: actorOf(request), input, fromText, requestId: request.id }
        const answer = await inSpan(operation, { 'chat.request_id': request.id }, () => execute(chat, call))
        reply.code(answer.status ?? status)
        return answer.json ? reply.type(jsonType).send(toWrittenSuccess(answer.json)) : reply.send(toSuccess(answer))
      },
    })
  }
}

type RawInput = Record<string, unknown>

/** The path names the thing, so nothing else may; the contract's parser takes it from here. */
function inputOf({ body, query, params }: FastifyRequest): RawInput {
  // Added to and not copied: it was parsed for this request alone.
  const input = fieldsOf(body)
  // One by one: nearly always one field of the path is all there is to add.
  for (const more of [fieldsOf(query), fieldsOf(params)]) for (const name of Object.keys(more)) input[name] = more[name]
  return input
}

function fieldsOf(value: unknown): RawInput {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RawInput) : {}
}

/** The header `Idempotency-Key` and the field `client_message_id` mean the same; together they must agree. */
function withIdempotencyKey(chat: Chat, request: FastifyRequest): RawInput {
  const input = inputOf(request)
  const key = readKey(request)
  if (key === undefined) return input
  const field = input['client_message_id'] ?? input['clientMessageId'] ?? key
  if (field === key) return { ...input, client_message_id: key }
  const parsed = parseInput('send_message', input, chat.settings)
  const others = parsed.ok ? [] : parsed.errors.filter(({ path }) => path !== 'client_message_id')
  throw invalid(...others, { path: 'client_message_id', message: 'must be the same as the header Idempotency-Key' })
}

/** Node reads headers as Latin-1; a key of other letters comes in UTF-8. */
function readKey({ headers }: FastifyRequest): string | undefined {
  const header = headers['idempotency-key']
  return typeof header === 'string' ? Buffer.from(header, 'latin1').toString('utf8') : undefined
}

function toSuccess({ data, message }: Answer): object {
  return data === undefined ? { success: true, message } : { success: true, data }
}

const jsonType = 'application/json; charset=utf-8'
const before = '{"success":true,"data":'
const after = '}'
const bytesBefore = Buffer.from(before)
const bytesAfter = Buffer.from(after)

function toWrittenSuccess(json: JsonText | string): Buffer | string {
  return typeof json === 'string' ? before + json + after : Buffer.concat([bytesBefore, json, bytesAfter])
}
