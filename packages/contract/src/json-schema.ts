import type { TSchema } from '#typebox'
import {
  AuditedMessageSchema,
  ConversationSchema,
  ConversationTypeSchema,
  MessageSchema,
  MessageTypeSchema,
  MetadataSchema,
  PaginationSchema,
  ParticipantRoleSchema,
  ParticipantSchema,
  PersonSchema,
  PlatformSchema,
  PresenceSchema,
  QuoteSchema,
  ReceiptSchema,
  SharedConversationSchema,
  SyncedReceiptsSchema,
  SyncPageSchema,
  TimeSchema,
} from './entities.js'
import { ConversationIdSchema, MessageIdSchema, UserIdSchema } from './ids.js'
import { FailureSchema, FieldErrorSchema } from './refusals.js'

export type JsonObject = { [key: string]: unknown }

/** How lists of fixed length are written: JSON Schema 2020-12 (OpenAPI 3.1) or draft 7 (AsyncAPI 3.0). */
export type Dialect = '2020-12' | 'draft-07'

/** What documents give a name to; wherever one of these stands, they refer to it. */
const named: Record<string, TSchema> = {
  UserId: UserIdSchema,
  ConversationId: ConversationIdSchema,
  MessageId: MessageIdSchema,
  Time: TimeSchema,
  Metadata: MetadataSchema,
  ConversationType: ConversationTypeSchema,
  MessageType: MessageTypeSchema,
  ParticipantRole: ParticipantRoleSchema,
  Platform: PlatformSchema,
  Person: PersonSchema,
  Participant: ParticipantSchema,
  Quote: QuoteSchema,
  Message: MessageSchema,
  AuditedMessage: AuditedMessageSchema,
  Conversation: ConversationSchema,
  SharedConversation: SharedConversationSchema,
  Pagination: PaginationSchema,
  Receipt: ReceiptSchema,
  Presence: PresenceSchema,
  SyncedReceipts: SyncedReceiptsSchema,
  SyncPage: SyncPageSchema,
  FieldError: FieldErrorSchema,
  Failure: FailureSchema,
}

// An optional property is a copy of its schema, so that equality is told by the text.
const nameByText = new Map(Object.entries(named).map(([name, schema]) => [JSON.stringify(schema), name]))

/** `components.schemas` of a document. */
export function namedSchemas(dialect: Dialect): JsonObject {
  return Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, rewriteParts(toJson(schema), dialect)]))
}

/** A schema as a document shows it, with references to the named ones. */
export function toJsonSchema(schema: TSchema, dialect: Dialect): JsonObject {
  return rewrite(toJson(schema), dialect) as JsonObject
}

const toJson = (schema: TSchema) => JSON.parse(JSON.stringify(schema)) as JsonObject

function rewrite(node: unknown, dialect: Dialect): unknown {
  if (Array.isArray(node)) return node.map((item) => rewrite(item, dialect))
  if (typeof node !== 'object' || node === null) return node
  const name = nameByText.get(JSON.stringify(node))
  return name ? { $ref: `#/components/schemas/${name}` } : rewriteParts(node as JsonObject, dialect)
}

function rewriteParts(node: JsonObject, dialect: Dialect): JsonObject {
  const { items, additionalItems, patternProperties, ...rest } = node
  const parts = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, rewrite(value, dialect)]))
  if (patternProperties !== undefined) parts['additionalProperties'] = true
  if (items === undefined) return parts
  const key = Array.isArray(items) && dialect === '2020-12' ? 'prefixItems' : 'items'
  return { ...parts, [key]: rewrite(items, dialect), ...(Array.isArray(items) && { maxItems: items.length }) }
}
