import { Type } from '#typebox'
import { administration } from './administration.js'
import { bounds } from './bounds.js'
import {
  ConversationSchema,
  ConversationTypeSchema,
  MessageSchema,
  MessageTypeSchema,
  MetadataSchema,
  PaginationSchema,
  ParticipantRoleSchema,
  PlatformSchema,
  PresenceSchema,
  ReceiptSchema,
  SeqSchema,
  SyncPageSchema,
  TimeSchema,
} from './entities.js'
import { ConversationIdSchema, MessageIdSchema, UserIdSchema } from './ids.js'
import { checkMetadata } from './metadata-rules.js'
import { operation, type InputSettings } from './operation.js'
import { pushOperations } from './push-operations.js'
import type { FieldError } from './refusals.js'
import { codePointLength, isBlank } from './text-rules.js'

const chat = '/api/v1/chat'
const conversation_id = ConversationIdSchema
const page = Type.Optional(Type.Integer({ minimum: 1, maximum: bounds.pageMax, description: 'From 1. Default 1.' }))
const pageSize = (maximum: number, byDefault: number) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum, description: `Default ${byDefault}.` }))
const cursor = Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'A next_cursor of an earlier page.' }))
const peopleNamed = Type.Array(UserIdSchema, { minItems: 1, maxItems: bounds.namedPeopleMax, description: 'Known and active people.' })
const messageIds = Type.Array(MessageIdSchema, {
  minItems: 1,
  maxItems: bounds.receiptIdsMax,
  description: 'Messages of this conversation.',
})
const newlyMarked = Type.Array(MessageIdSchema, { description: 'Those newly marked; others were marked before or are not here.' })
const fcmToken = Type.String({
  pattern: '^[!-~]{1,4096}$',
  description: 'Registration token of Firebase Cloud Messaging: 1–4,096 visible characters.',
})

/** Every operation of the product. Routes, socket events, validation, limits, documents and metrics are made from this table. */
export const operations = {
  list_conversations: operation({
    summary: "The caller's conversations, newest activity first.",
    rest: { method: 'GET', path: `${chat}/conversations`, status: 200 },
    limitPerMinute: 30,
    input: Type.Object({ page, limit: pageSize(bounds.conversationPageSizeMax, 20), type: Type.Optional(ConversationTypeSchema), cursor }),
    output: Type.Object({
      conversations: Type.Array(ConversationSchema, { description: 'Newest activity first.' }),
      pagination: PaginationSchema,
    }),
  }),
  create_conversation: operation({
    summary: 'Creates a conversation, or finds the direct one that exists.',
    description: 'Without a type: direct with one other person, else a group. The creator always takes part.',
    rest: { method: 'POST', path: `${chat}/conversations`, status: 201 },
    limitPerMinute: 20,
    input: Type.Object({
      type: Type.Optional(ConversationTypeSchema),
      participant_ids: Type.Optional(
        Type.Array(UserIdSchema, { maxItems: bounds.namedPeopleMax, description: 'The others; known and active people. Duplicates fold.' }),
      ),
      metadata: Type.Optional(MetadataSchema),
    }),
    output: ConversationSchema,
    check: (input) => metadataOf(input),
  }),
  get_conversation: operation({
    summary: 'One conversation.',
    rest: { method: 'GET', path: `${chat}/conversations/:conversation_id`, status: 200 },
    limitPerMinute: 30,
    input: Type.Object({ conversation_id }),
    output: ConversationSchema,
  }),
  update_conversation: operation({
    summary: 'Changes metadata: its top-level keys replace those of the same name, null removes one.',
    rest: { method: 'PATCH', path: `${chat}/conversations/:conversation_id`, status: 200 },
    limitPerMinute: 20,
    input: Type.Object({ conversation_id, metadata: MetadataSchema }),
    output: ConversationSchema,
    check: (input) => metadataOf(input, { nullRemoves: true }),
  }),
  list_messages: operation({
    summary: 'The history of a conversation, always newest first.',
    description: 'By page, or before or after a message of the conversation (a deleted one too); after gives those nearest after it.',
    rest: { method: 'GET', path: `${chat}/conversations/:conversation_id/messages`, status: 200 },
    limitPerMinute: 60,
    input: Type.Object({
      conversation_id,
      page,
      limit: pageSize(bounds.messagePageSizeMax, 50),
      before: Type.Optional(MessageIdSchema),
      after: Type.Optional(MessageIdSchema),
    }),
    output: Type.Object({ messages: Type.Array(MessageSchema, { description: 'Newest first.' }), pagination: PaginationSchema }),
    check: ({ before, after }) =>
      before !== undefined && after !== undefined ? [{ path: 'after', message: 'must not be given together with before' }] : [],
  }),
  send_message: operation({
    summary: 'Sends a message.',
    description:
      'Without a message_type it is text. With a client_message_id a retry by the same sender in the same conversation returns the first message, however often and whenever it comes.',
    rest: { method: 'POST', path: `${chat}/conversations/:conversation_id/messages`, status: 201 },
    socket: { limited: true },
    limitPerMinute: 60,
    input: Type.Object({
      conversation_id,
      message_type: Type.Optional(MessageTypeSchema),
      content: Type.Optional(Type.String({ description: 'Up to 5,000 characters (code points), stored verbatim; required for text.' })),
      parent_message_id: Type.Optional(MessageIdSchema),
      metadata: Type.Optional(MetadataSchema),
      client_message_id: Type.Optional(
        Type.String({
          pattern: '^[^\\u0000]{1,64}$',
          description: "1–64 characters, the client's choice. The header Idempotency-Key means the same.",
        }),
      ),
    }),
    output: MessageSchema,
    check: (input, settings) => [...contentOf(input, settings), ...metadataOf(input)],
  }),
  mark_read: operation({
    summary: 'Marks messages as read, which implies delivered.',
    description: 'Unknown ids and those of other conversations are ignored; repeating is harmless and announces nothing.',
    rest: { method: 'POST', path: `${chat}/conversations/:conversation_id/read`, status: 200 },
    socket: { limited: false },
    limitPerMinute: 60,
    input: Type.Object({ conversation_id, message_ids: messageIds }),
    output: Type.Object({
      message_ids: newlyMarked,
      unread_count: Type.Integer({ minimum: 0, description: 'What the caller has still to read in the conversation.' }),
    }),
  }),
  mark_delivered: operation({
    summary: 'Marks messages as delivered to a device of the caller.',
    rest: { method: 'POST', path: `${chat}/conversations/:conversation_id/delivered`, status: 200 },
    socket: { limited: false },
    limitPerMinute: 60,
    input: Type.Object({ conversation_id, message_ids: messageIds }),
    output: Type.Object({ message_ids: newlyMarked }),
  }),
  delete_message: operation({
    summary: "Deletes one's own message for everyone.",
    description: 'It stays stored for the audit. Repeating is harmless and announces nothing.',
    rest: { method: 'DELETE', path: `${chat}/messages/:message_id`, status: 200 },
    limitPerMinute: 30,
    input: Type.Object({ message_id: MessageIdSchema }),
  }),
  list_receipts: operation({
    summary: 'Who got and who read a message, and when: one entry for each current participant.',
    rest: { method: 'GET', path: `${chat}/messages/:message_id/receipts`, status: 200 },
    limitPerMinute: 60,
    input: Type.Object({ message_id: MessageIdSchema }),
    output: Type.Object({ receipts: Type.Array(ReceiptSchema, { description: 'One for each current participant.' }) }),
  }),
  add_participants: operation({
    summary: 'Adds people to a group or channel (owner or moderator).',
    rest: { method: 'POST', path: `${chat}/conversations/:conversation_id/participants`, status: 200 },
    limitPerMinute: 20,
    input: Type.Object({ conversation_id, participant_ids: peopleNamed }),
    output: ConversationSchema,
  }),
  change_participant_role: operation({
    summary: "Changes a participant's role (owner); naming another owner hands the conversation over.",
    rest: { method: 'PATCH', path: `${chat}/conversations/:conversation_id/participants/:user_id`, status: 200 },
    limitPerMinute: 20,
    input: Type.Object({ conversation_id, user_id: UserIdSchema, participant_role: ParticipantRoleSchema }),
    output: ConversationSchema,
  }),
  remove_participant: operation({
    summary: 'Removes a participant (owner or moderator), or leaves the conversation.',
    rest: { method: 'DELETE', path: `${chat}/conversations/:conversation_id/participants/:user_id`, status: 200 },
    limitPerMinute: 20,
    input: Type.Object({ conversation_id, user_id: UserIdSchema }),
    output: ConversationSchema,
  }),
  get_presence: operation({
    summary: 'Who is online. Only the caller and people who share a conversation are answered.',
    rest: { method: 'GET', path: `${chat}/presence`, status: 200 },
    limitPerMinute: 60,
    input: Type.Object({ user_ids: Type.Array(UserIdSchema, { minItems: 1, maxItems: 100, description: 'Comma-separated in a query.' }) }),
    output: Type.Object({ presence: Type.Array(PresenceSchema, { description: 'Of those who may be seen, as they were asked for.' }) }),
  }),
  sync: operation({
    summary: 'Everything the caller may see that changed since a token.',
    description: 'Misses nothing although writes commit out of order; the same thing may come twice. A reset page says to start anew.',
    rest: { method: 'GET', path: `${chat}/sync`, status: 200 },
    socket: { limited: true },
    limitPerMinute: 60,
    input: Type.Object({
      since: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'The `next` of an earlier answer.' })),
      limit: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: bounds.syncMessagesMax,
          description: `Messages at most; fewer where they say more than 1 MiB. Default ${bounds.syncMessagesDefault}.`,
        }),
      ),
    }),
    output: SyncPageSchema,
  }),
  register_device: operation({
    summary: 'Registers a token for push notifications.',
    description:
      'A token belongs to one person at a time: registering it moves it. Call it when the app starts and when the token changes.',
    rest: { method: 'POST', path: '/api/v1/auth/fcm-token', status: 200 },
    limitPerMinute: 10,
    aliases: { fcm_token: ['token'] },
    input: Type.Object({
      fcm_token: fcmToken,
      device_id: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'As the app names the device.' })),
      platform: Type.Optional(PlatformSchema),
    }),
  }),
  forget_device: operation({
    summary: 'Forgets a push token; harmless when it is not known.',
    rest: { method: 'DELETE', path: '/api/v1/auth/fcm-token', status: 200 },
    limitPerMinute: 10,
    aliases: { fcm_token: ['token'] },
    input: Type.Object({ fcm_token: fcmToken }),
  }),
  ...administration,
  ...pushOperations,
  join_conversation: operation({
    summary: 'Joins the room of a conversation: its events follow.',
    socket: { limited: false },
    input: Type.Object({ conversation_id }),
    output: Type.Object({ conversationId: ConversationIdSchema, last_seq: Type.Union([SeqSchema, Type.Literal(0)]) }),
  }),
  leave_conversation: operation({
    summary: 'Leaves the room of a conversation.',
    socket: { limited: false },
    input: Type.Object({ conversation_id }),
    output: Type.Object({ conversationId: ConversationIdSchema }),
  }),
  typing_start: operation({
    summary: 'Tells the others in the room that the caller is typing.',
    description: 'Announced again at most every 3 s; ends by itself after 10 s, on a sent message, on leaving and on disconnect.',
    socket: { limited: false },
    input: Type.Object({ conversation_id }),
    output: Type.Object({ conversationId: ConversationIdSchema }),
  }),
  typing_stop: operation({
    summary: 'Tells the others in the room that the caller stopped typing.',
    socket: { limited: false },
    input: Type.Object({ conversation_id }),
    output: Type.Object({ conversationId: ConversationIdSchema }),
  }),
  authenticate: operation({
    summary: 'Extends the session with a fresh token of the same person.',
    socket: { limited: false },
    input: Type.Object({ token: Type.Unknown({ description: 'A JWT.' }) }),
    output: Type.Object({ expires_at: TimeSchema }),
  }),
} as const

export type Operations = typeof operations
export type OperationName = keyof Operations

function metadataOf(input: Record<string, unknown>, options?: { nullRemoves?: boolean }): FieldError[] {
  const { metadata } = input
  return typeof metadata === 'object' && metadata !== null ? checkMetadata(metadata as Record<string, unknown>, options) : []
}

function contentOf(input: Record<string, unknown>, { messageLengthMax }: InputSettings): FieldError[] {
  const content = typeof input.content === 'string' ? input.content : ''
  if (codePointLength(content) > messageLengthMax)
    return [{ path: 'content', message: `must not be longer than ${messageLengthMax} characters` }]
  if (!isBlank(content)) return []
  const type = typeof input.message_type === 'string' ? input.message_type : 'text'
  if (type === 'text') return [{ path: 'content', message: 'is required and must not be blank' }]
  const hasMetadata = typeof input.metadata === 'object' && input.metadata !== null && Object.keys(input.metadata).length > 0
  return hasMetadata ? [] : [{ path: 'content', message: `must be given for ${type}, or metadata that is not empty` }]
}
