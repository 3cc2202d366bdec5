import { Type, type Static, type TSchema } from '#typebox'
import { ConversationIdSchema, MessageIdSchema, UserIdSchema } from './ids.js'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const oneOf = <const T extends readonly string[]>(values: T, description?: string) =>
  Type.Unsafe<T[number]>(Type.String({ enum: [...values], ...(description && { description }) }))

/** ISO 8601 in UTC with milliseconds: `2026-01-31T08:15:00.000Z`. */
export const TimeSchema = Type.String({ format: 'date-time', description: 'ISO 8601 in UTC with milliseconds.' })
export const SeqSchema = Type.Integer({
  minimum: 1,
  description: 'Counts 1, 2, 3 … inside one conversation, in commit order, without gaps.',
})
/** Free-form JSON object: at most 16 KiB as compact UTF-8 JSON and 8 levels deep. */
export const MetadataSchema = Type.Record(Type.String(), Type.Unknown(), {
  description:
    'At most 16 KiB as compact UTF-8 JSON and 8 levels deep. Typed keys: name, description, avatar_url (string); attachment_url, file_name (string or null); file_size (integer or null).',
})
export type Metadata = Static<typeof MetadataSchema>

export const ConversationTypeSchema = oneOf(
  ['direct', 'group', 'channel'],
  'direct: exactly two people; channel: only owner and moderators post.',
)
export const MessageTypeSchema = oneOf(['text', 'image', 'file', 'system'], 'system: written by the server, or by an administrator.')
export const ParticipantRoleSchema = oneOf(['owner', 'moderator', 'member'], 'What somebody may do in a conversation.')
export const PlatformSchema = oneOf(['android', 'ios', 'web'], 'What kind of device it is.')
export type ConversationType = Static<typeof ConversationTypeSchema>
export type MessageType = Static<typeof MessageTypeSchema>
export type ParticipantRole = Static<typeof ParticipantRoleSchema>

export const PersonSchema = Type.Object(
  {
    id: UserIdSchema,
    first_name: Type.String({ description: 'May be empty.' }),
    last_name: Type.String({ description: 'May be empty.' }),
    avatar_url: nullable(Type.String({ description: 'Address of a picture.' })),
    role: nullable(Type.String({ description: "The person's role on the platform." })),
  },
  { description: 'A person, as the platform knows them.' },
)
export type Person = Static<typeof PersonSchema>

export const QuoteSchema = Type.Object(
  {
    id: MessageIdSchema,
    seq: SeqSchema,
    sender_id: UserIdSchema,
    message_type: MessageTypeSchema,
    content: nullable(
      Type.String({ description: 'The first 200 code points; null once deleted, or once the key that encrypts it is destroyed.' }),
    ),
    is_deleted: Type.Boolean({ description: 'Whether the quoted message was deleted.' }),
  },
  { description: 'The message that is replied to, quoted.' },
)
export type Quote = Static<typeof QuoteSchema>

export const MessageSchema = Type.Object(
  {
    id: MessageIdSchema,
    conversation_id: ConversationIdSchema,
    seq: SeqSchema,
    sender_id: UserIdSchema,
    parent_message_id: nullable(MessageIdSchema),
    parent: nullable(QuoteSchema),
    message_type: MessageTypeSchema,
    content: nullable(
      Type.String({ description: 'Verbatim as it was sent; null once deleted, or once the key that encrypts it is destroyed.' }),
    ),
    metadata: MetadataSchema,
    read_by: Type.Array(UserIdSchema, { description: 'Sender first, then by id; current participants only.' }),
    delivered_to: Type.Array(UserIdSchema, { description: 'Sender first, then by id; everyone who read it is in it too.' }),
    is_edited: Type.Boolean({ description: 'Whether the content was changed after sending.' }),
    is_deleted: Type.Boolean({ description: 'Deleted messages appear in sync and as parents only.' }),
    created_at: TimeSchema,
    updated_at: TimeSchema,
    client_message_id: nullable(Type.String({ description: 'As the sending client chose it.' })),
    sender: PersonSchema,
  },
  { description: 'A message. One payload for all: nothing in it depends on who reads it.' },
)
export type Message = Static<typeof MessageSchema>

/** The administrator's view: deleted content included. */
export const AuditedMessageSchema = Type.Object(
  { ...MessageSchema.properties, deleted_at: nullable(TimeSchema), deleted_by: nullable(UserIdSchema) },
  { description: "An administrator's view of a message, its deleted content included." },
)
export type AuditedMessage = Static<typeof AuditedMessageSchema>

export const ExportRecordSchema = Type.Object(
  { kind: Type.String({ description: 'person, device, last_seen, conversation, message, receipt or audit.' }) },
  { additionalProperties: true, description: 'One thing that is stored of a person.' },
)

export const ParticipantSchema = Type.Object({
  ...PersonSchema.properties,
  participant_role: ParticipantRoleSchema,
  is_online: Type.Boolean({ description: 'Connected with any device; always fresh.' }),
  last_seen: nullable(TimeSchema),
})
export type Participant = Static<typeof ParticipantSchema>

const conversationProperties = {
  id: ConversationIdSchema,
  type: ConversationTypeSchema,
  participant_ids: Type.Array(UserIdSchema, { description: 'In a channel at most the first 100.' }),
  participant_count: Type.Integer({ minimum: 0, description: 'All participants, also those that are not shown.' }),
  created_by: UserIdSchema,
  last_message_at: nullable(TimeSchema),
  metadata: MetadataSchema,
  created_at: TimeSchema,
  updated_at: {
    ...TimeSchema,
    description:
      'When metadata, members or roles changed last. Grows with each change: of two states the one with the later time is the newer.',
  },
  participants: Type.Array(ParticipantSchema, { description: 'In a channel at most the first 100.' }),
  last_message: nullable(MessageSchema),
}
/** A conversation as events carry it: without anything that differs between its readers. */
export const SharedConversationSchema = Type.Object(conversationProperties, {
  description: 'A conversation without anything that differs between its readers.',
})
export type SharedConversation = Static<typeof SharedConversationSchema>

export const ConversationSchema = Type.Object(
  {
    ...conversationProperties,
    unread_count: Type.Integer({
      minimum: 0,
      description: "The caller's: messages of others since joining that are neither system, deleted nor read.",
    }),
  },
  { description: 'A conversation as the caller sees it.' },
)
export type Conversation = Static<typeof ConversationSchema>

export const PaginationSchema = Type.Object(
  {
    page: nullable(Type.Integer({ description: 'null when a cursor was followed.' })),
    limit: Type.Integer({ description: 'Most entries on a page.' }),
    total: Type.Integer({ description: 'Entries on all pages.' }),
    pages: Type.Integer({ description: '0 when there is nothing.' }),
    next_cursor: nullable(Type.String({ description: 'Opaque; null at the end. Stays fast at any depth.' })),
  },
  { description: 'Where the page stands, and how to go on.' },
)
export type Pagination = Static<typeof PaginationSchema>

export const ReceiptSchema = Type.Object({ user_id: UserIdSchema, delivered_at: nullable(TimeSchema), read_at: nullable(TimeSchema) })
export type Receipt = Static<typeof ReceiptSchema>

export const PresenceSchema = Type.Object({
  user_id: UserIdSchema,
  is_online: Type.Boolean({ description: 'Connected with any device.' }),
  last_seen: nullable(TimeSchema),
})
export type Presence = Static<typeof PresenceSchema>

export const MuteSchema = Type.Object({
  is_muted: Type.Boolean({ description: 'Whether pushes of the conversation are silenced for the caller.' }),
  muted_until: nullable(TimeSchema),
})

const dayTime = (description: string) => Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description })
export const QuietHoursSchema = Type.Object({
  from: dayTime('When they begin, `22:00`.'),
  to: dayTime('When they end, `07:00`; earlier than `from` means the next day.'),
  time_zone: Type.String({ minLength: 1, maxLength: 64, description: 'A name of the IANA time zone database, `Europe/Berlin`.' }),
})

/** Why somebody got, or did not get, a push. */
export const PushSchema = Type.Object({
  user_id: UserIdSchema,
  outcome: Type.String({
    description:
      'queued, waiting (joined; looked at again), sent, coalesced (a newer one went instead), delivered, read, muted, quiet_hours, left, deleted, inactive, expired, token_gone or refused.',
  }),
  detail: nullable(
    Type.String({ description: 'What the push service said; `generic` of one that was sent without a word of the message.' }),
  ),
  at: TimeSchema,
})

const SeqRangeSchema = Type.Tuple([SeqSchema, SeqSchema], { description: 'From and to, both included.' })
export const SyncedReceiptsSchema = Type.Object({
  conversation_id: ConversationIdSchema,
  user_id: UserIdSchema,
  delivered: Type.Array(SeqRangeSchema, { description: 'What reached the person, as ranges of seq.' }),
  read: Type.Array(SeqRangeSchema, { description: 'What the person read, as ranges of seq.' }),
})
export type SyncedReceipts = Static<typeof SyncedReceiptsSchema>

export const SyncPageSchema = Type.Object({
  conversations: Type.Array(ConversationSchema, { description: 'Created, joined or changed.' }),
  messages: Type.Array(MessageSchema, { description: 'New, edited or deleted ones, by conversation in ascending seq.' }),
  receipts: Type.Array(SyncedReceiptsSchema, { description: 'Everything a person got or read, wherever that changed.' }),
  removed_conversation_ids: Type.Array(ConversationIdSchema, { description: 'Where the caller takes part no longer.' }),
  next: Type.String({ description: 'Opaque; give it as `since` the next time.' }),
  has_more: Type.Boolean({
    description: 'Ask again with `next` at once. When it is false, nothing is missing that was there when this page was asked for.',
  }),
  reset: Type.Boolean({ description: 'The token was absent, too old or of another database: start from what this page shows.' }),
})
export type SyncPage = Static<typeof SyncPageSchema>
