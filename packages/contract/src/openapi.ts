import type { TSchema } from '#typebox'
import { restExample } from './examples.js'
import { namedSchemas, toJsonSchema, type JsonObject } from './json-schema.js'
import type { Operation, RestDoor } from './operation.js'
import { refusalsOf } from './operation-refusals.js'
import { operations, type OperationName } from './operations.js'
import { spellingsOf } from './parse-input.js'
import { refusals, type RefusalCode } from './refusals.js'

type RestOperation = Operation & { rest: RestDoor }

/** The REST half of the contract as an OpenAPI 3.1 document. */
export function openApiDocument(): JsonObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Viatra Chat: REST',
      version: '1.0.0',
      license: { name: 'MIT', identifier: 'MIT' },
      description: [
        'Conversations, messages, receipts, presence and resync over REST. Live events come over the socket: [its events](/docs/events). For programs: [openapi.json](/docs/openapi.json).',
        'Every field is accepted in snake_case and in camelCase; answers are in snake_case. Unknown fields are ignored, `null` for an optional one means absent.',
        'Bodies are JSON in UTF-8. Times are ISO 8601 in UTC with milliseconds, ids are UUIDs.',
      ].join('\n\n'),
    },
    servers: [{ url: '/', description: 'The origin that serves both REST and the socket.' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    security: [{ bearer: [] }],
    paths: paths(),
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token of the platform: claims `userId` (or `sub`) and `exp`.',
        },
      },
      parameters: sharedParameters,
      headers: limitHeaders,
      responses: Object.fromEntries(commonFailures.map((codes) => [responseName(codes), failure(codes)])),
      schemas: namedSchemas('2020-12'),
    },
  }
}

const tags = {
  Conversations: 'Direct conversations, groups and channels.',
  Participants: 'Who takes part, and in which role.',
  Messages: 'Sending, history and deletion.',
  Receipts: 'What reached people and what they read.',
  Presence: 'Who is online.',
  Sync: 'What changed since a client last looked.',
  Push: 'Push notifications: where they go, muted conversations, quiet hours.',
  Administration: 'For administrators; audited.',
}

/** The first that fits. */
const tagByPath: readonly [RegExp, keyof typeof tags][] = [
  [/\/admin\//, 'Administration'],
  [/\/auth\/|\/mute$|\/quiet-hours$/, 'Push'],
  [/\/(read|delivered|receipts)$/, 'Receipts'],
  [/\/participants/, 'Participants'],
  [/\/messages/, 'Messages'],
  [/\/presence$/, 'Presence'],
  [/\/sync$/, 'Sync'],
]

function paths(): JsonObject {
  const byPath: Record<string, JsonObject> = {}
  for (const [name, entry] of Object.entries<Operation>(operations)) {
    if (!entry.rest) continue
    const path = entry.rest.path.replace(/:(\w+)/g, '{$1}')
    byPath[path] = { ...byPath[path], [entry.rest.method.toLowerCase()]: describe(name as OperationName, { ...entry, rest: entry.rest }) }
  }
  return byPath
}

function describe(name: OperationName, entry: RestOperation): JsonObject {
  const body = entry.rest.method === 'GET' ? undefined : bodyOf(name, entry)
  return {
    operationId: name,
    tags: [tagOf(entry.rest.path)],
    summary: entry.summary,
    description: [entry.description, limitSentence(entry)].filter(Boolean).join('\n\n'),
    parameters: parametersOf(name, entry),
    ...(body && { requestBody: body }),
    ...(entry.limitPerMinute !== undefined && { 'x-limit-per-minute': entry.limitPerMinute }),
    responses: { ...successes(name, entry), ...failures(name) },
  }
}

function tagOf(path: string): string {
  return tagByPath.find(([pattern]) => pattern.test(path))?.[1] ?? 'Conversations'
}

function limitSentence({ limitPerMinute, socket }: Operation): string {
  if (limitPerMinute === undefined) return ''
  const shared = socket?.limited ? ', shared with the socket event of the same name' : ''
  return `Limit: ${limitPerMinute} calls a minute and person${shared}.`
}

const inPath = ({ rest }: RestOperation, name: string) => rest.path.split('/').includes(`:${name}`)

function parametersOf(name: OperationName, entry: RestOperation): JsonObject[] {
  const fields = Object.entries(entry.input.properties).filter(([field]) => entry.rest.method === 'GET' || inPath(entry, field))
  const header = name === 'send_message' ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []
  return [...fields.map(([field, schema]) => parameter(entry, field, schema)), ...header, { $ref: '#/components/parameters/RequestId' }]
}

function parameter(entry: RestOperation, name: string, schema: TSchema): JsonObject {
  const asPath = inPath(entry, name)
  const required = asPath || (entry.input.required?.includes(name) ?? false)
  const description = asPath ? descriptionOf(schema) : withSpellings(entry, name, descriptionOf(schema))
  const list = 'items' in schema ? { style: 'form', explode: false } : {}
  return {
    name,
    in: asPath ? 'path' : 'query',
    required,
    ...(description && { description }),
    ...list,
    schema: toJsonSchema(schema, '2020-12'),
  }
}

const descriptionOf = (schema: TSchema) => ('description' in schema ? String(schema.description) : '')

function withSpellings(entry: Operation, name: string, description: string): string {
  const others = spellingsOf(entry, name)
    .filter((spelling) => spelling !== name)
    .map((spelling) => `\`${spelling}\``)
  return [description, others.length > 0 && `Also accepted as ${others.join(', ')}.`].filter(Boolean).join(' ')
}

function bodyOf(name: OperationName, entry: RestOperation): JsonObject | undefined {
  const fields = Object.entries(entry.input.properties).filter(([field]) => !inPath(entry, field))
  if (fields.length === 0) return undefined
  const required = fields.map(([field]) => field).filter((field) => entry.input.required?.includes(field))
  const properties = Object.fromEntries(fields.map(([field, schema]) => [field, bodyProperty(entry, field, schema)]))
  const schema = { type: 'object', ...(required.length > 0 && { required }), properties }
  const example = restExample(name)?.body
  return { required: required.length > 0, content: { 'application/json': { schema, ...(example !== undefined && { example }) } } }
}

function bodyProperty(entry: Operation, name: string, schema: TSchema): JsonObject {
  const description = withSpellings(entry, name, descriptionOf(schema))
  return { ...toJsonSchema(schema, '2020-12'), ...(description && { description }) }
}

function successes(name: OperationName, entry: RestOperation): JsonObject {
  const example = restExample(name)?.answer
  const body = (description: string) => ({
    description,
    headers: refsToLimitHeaders,
    content: { 'application/json': { schema: successSchema(name, entry), ...(example !== undefined && { example }) } },
  })
  if (entry.rest.status === 200) return { '200': body('Success.') }
  return { '201': body('Created.'), '200': body('It was there before; nothing was created.') }
}

const messageAnswer = {
  type: 'object',
  required: ['success', 'message'],
  properties: { success: { const: true }, message: { type: 'string', description: 'A sentence for people.' } },
}

function successSchema(name: OperationName, { output }: Operation): JsonObject {
  if (!output) return messageAnswer
  const data = {
    type: 'object',
    required: ['success', 'data'],
    properties: { success: { const: true }, data: toJsonSchema(output, '2020-12') },
  }
  // Whoever leaves may see the conversation no longer.
  return name === 'remove_participant' ? { anyOf: [data, messageAnswer] } : data
}

/** The same for all operations that have them. */
const commonFailures: RefusalCode[][] = [
  ['VALIDATION_ERROR'],
  ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED'],
  ['PAYLOAD_TOO_LARGE'],
  ['UNSUPPORTED_MEDIA_TYPE'],
  ['RATE_LIMITED'],
  ['INTERNAL'],
  ['UNAVAILABLE'],
]

const responseName = (codes: RefusalCode[]) => codes.join('_or_')

function failures(name: OperationName): JsonObject {
  const byStatus = new Map<number, RefusalCode[]>()
  for (const code of refusalsOf(name, 'rest')) byStatus.set(refusals[code].status, [...(byStatus.get(refusals[code].status) ?? []), code])
  const isCommon = (codes: RefusalCode[]) => commonFailures.some((common) => responseName(common) === responseName(codes))
  const answer = (codes: RefusalCode[]) => (isCommon(codes) ? { $ref: `#/components/responses/${responseName(codes)}` } : failure(codes))
  return Object.fromEntries([...byStatus].map(([status, codes]) => [String(status), answer(codes)]))
}

function failure(codes: RefusalCode[]): JsonObject {
  const limits = codes.includes('TOKEN_INVALID') ? {} : refsToLimitHeaders
  const mayRetry = codes.includes('RATE_LIMITED') || codes.includes('UNAVAILABLE')
  const schema = { allOf: [{ $ref: '#/components/schemas/Failure' }, { type: 'object', properties: { code: { enum: codes } } }] }
  return {
    description: codes.map((code) => `\`${code}\`: ${refusals[code].message}`).join('\n\n'),
    headers: { ...limits, ...(mayRetry && { 'retry-after': { $ref: '#/components/headers/RetryAfter' } }) },
    content: { 'application/json': { schema } },
  }
}

const limitHeaders = {
  RateLimitLimit: { description: 'Calls that the window of 60 s admits.', schema: { type: 'integer' } },
  RateLimitRemaining: { description: 'Calls left in this window.', schema: { type: 'integer' } },
  RateLimitReset: { description: 'Seconds until the window ends.', schema: { type: 'integer' } },
  RetryAfter: { description: 'Seconds to wait before trying again.', schema: { type: 'integer' } },
}

const refsToLimitHeaders = {
  'x-ratelimit-limit': { $ref: '#/components/headers/RateLimitLimit' },
  'x-ratelimit-remaining': { $ref: '#/components/headers/RateLimitRemaining' },
  'x-ratelimit-reset': { $ref: '#/components/headers/RateLimitReset' },
}

const sharedParameters = {
  RequestId: {
    name: 'x-request-id',
    in: 'header',
    required: false,
    description: 'Taken over when it has this form, else replaced; every answer carries it.',
    schema: { type: 'string', pattern: '^[\\w-]{1,64}$' },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description: 'Means the same as client_message_id; the two must agree when both are given.',
    schema: { type: 'string', minLength: 1, maxLength: 64 },
  },
}
