import type { TSchema } from '#typebox'
import { events } from './events.js'
import { messageExamples } from './examples.js'
import { namedSchemas, toJsonSchema, type JsonObject } from './json-schema.js'
import type { Operation } from './operation.js'
import { refusalsOf } from './operation-refusals.js'
import { operations, type OperationName } from './operations.js'
import { spellForSocket, spellingsOf } from './parse-input.js'

/** The socket half of the contract as an AsyncAPI 3.0 document, seen from the server: it receives operations and sends events. */
export function asyncApiDocument(): JsonObject {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Viatra Chat: socket',
      version: '1.0.0',
      license: { name: 'MIT' },
      description: [
        'Live events over Socket.IO 4 (`/socket.io/`, WebSocket). The handshake carries `auth: {token}`; a refused one is a `connect_error` with `data: {code, message}`.',
        'Every event of a client takes an optional acknowledgement callback and answers it with the same envelope as REST. Without a callback, a failure arrives as the `error` event.',
        'Fields are accepted in snake_case and in camelCase. An event of the server is a hint: what was missed is healed by `sync`.',
      ].join('\n\n'),
    },
    defaultContentType: 'application/json',
    servers: { gateway: server },
    channels: {
      socket: { address: '/socket.io/', description: 'One Socket.IO connection.', messages: { ...clientMessages(), ...serverMessages() } },
      acknowledgements: {
        address: null,
        description: 'The acknowledgement callback of an event.',
        messages: acknowledgements(),
      },
    },
    operations: { ...receivedOperations(), ...sentOperations() },
    components: {
      schemas: namedSchemas('draft-07'),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Given as `auth.token` in the handshake.' },
      },
    },
  }
}

const server = {
  host: 'localhost:8080',
  pathname: '/socket.io/',
  protocol: 'ws',
  protocolVersion: 'Socket.IO 4',
  description: 'The origin that serves REST as well.',
  security: [{ $ref: '#/components/securitySchemes/token' }],
}

const fromClients = Object.entries<Operation>(operations).filter(([, { socket }]) => socket) as [OperationName, Operation][]

function mapEntries<T>(entries: readonly [string, T][], make: (name: string, entry: T) => [string, unknown]): JsonObject {
  return Object.fromEntries(entries.map(([name, entry]) => make(name, entry)))
}

function clientMessages(): JsonObject {
  return mapEntries(fromClients, (name, entry) => [
    name,
    {
      name,
      title: name,
      summary: entry.summary,
      ...(entry.description && { description: entry.description }),
      payload: payloadOf(entry),
      ...messageExamples('asked', name),
    },
  ])
}

function payloadOf(entry: Operation): JsonObject {
  const fields = Object.entries(entry.input.properties)
  const required = fields.map(([name]) => name).filter((name) => entry.input.required?.includes(name))
  return {
    type: 'object',
    ...(required.length > 0 && { required: required.map(socketName) }),
    properties: mapEntries(fields, (name, schema) => [socketName(name), field(entry, name, schema)]),
  }
}

const socketName = (name: string) => spellForSocket({ path: name, message: '' }).path

function field(entry: Operation, name: string, schema: TSchema): JsonObject {
  const others = spellingsOf(entry, name).filter((spelling) => spelling !== socketName(name))
  const given = 'description' in schema ? String(schema.description) : ''
  const spellings = others.length > 0 && `Also accepted as ${others.map((other) => `\`${other}\``).join(', ')}.`
  const description = [given, spellings].filter(Boolean).join(' ')
  // A reference may have no siblings in draft 7.
  const shape = toJsonSchema(schema, 'draft-07')
  if (!description) return shape
  return '$ref' in shape ? { allOf: [shape], description } : { ...shape, description }
}

function serverMessages(): JsonObject {
  return mapEntries(Object.entries(events), (name, { payload, summary, audience }) => [
    name,
    {
      name,
      title: name,
      summary,
      description: `To: ${audience}`,
      payload: toJsonSchema(payload, 'draft-07'),
      ...messageExamples('told', name),
    },
  ])
}

function acknowledgements(): JsonObject {
  return mapEntries(fromClients, (name, { output }) => [
    `${name}_ack`,
    {
      name: `${name}_ack`,
      title: `Acknowledgement of ${name}`,
      summary: 'Success, or a failure with a code.',
      payload: { oneOf: [success(output), { $ref: '#/components/schemas/Failure' }] },
      ...messageExamples('answered', name),
    },
  ])
}

function success(output: TSchema | undefined): JsonObject {
  const answer = output ? { data: toJsonSchema(output, 'draft-07') } : { message: { type: 'string' } }
  return { type: 'object', required: ['success', ...Object.keys(answer)], properties: { success: { const: true }, ...answer } }
}

function receivedOperations(): JsonObject {
  return mapEntries(fromClients, (name, entry) => [
    name,
    {
      action: 'receive',
      channel: { $ref: '#/channels/socket' },
      summary: entry.summary,
      description: [limitSentence(entry), `Refused with: ${refusalsOf(name as OperationName, 'socket').join(', ')}.`].join(' '),
      messages: [{ $ref: `#/channels/socket/messages/${name}` }],
      reply: { channel: { $ref: '#/channels/acknowledgements' }, messages: [{ $ref: `#/channels/acknowledgements/messages/${name}_ack` }] },
    },
  ])
}

function limitSentence({ socket, limitPerMinute }: Operation): string {
  const own = socket?.limited && limitPerMinute !== undefined ? `Limit: ${limitPerMinute} a minute and person, shared with REST. ` : ''
  return `${own}A connection may send 50 events a second, with bursts of 100.`
}

function sentOperations(): JsonObject {
  return mapEntries(Object.entries(events), (name, { summary, audience }) => [
    `send_${name}`,
    {
      action: 'send',
      channel: { $ref: '#/channels/socket' },
      summary,
      description: `To: ${audience}`,
      messages: [{ $ref: `#/channels/socket/messages/${name}` }],
    },
  ])
}
