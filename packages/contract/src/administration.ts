import { Type } from '#typebox'
import { bounds } from './bounds.js'
import { AuditedMessageSchema, ExportRecordSchema, SeqSchema, TimeSchema } from './entities.js'
import { ConversationIdSchema, GrantIdSchema, MessageIdSchema, UserIdSchema } from './ids.js'
import { operation } from './operation.js'
import type { FieldError } from './refusals.js'
import { codePointLength, isBlank } from './text-rules.js'

const admin = '/api/v1/admin'
const reason = (why: string) => Type.String({ description: `${why}: 3–500 characters.` })

/** What administrators may do besides. Each has its row in the audit log. */
export const administration = {
  read_message_as_admin: operation({
    summary: 'A message with its content even if deleted (administrators). The reason is kept in the audit log.',
    rest: { method: 'GET', path: `${admin}/messages/:message_id`, status: 200 },
    limitPerMinute: 30,
    input: Type.Object({ message_id: MessageIdSchema, reason: reason('Why the message is read') }),
    output: AuditedMessageSchema,
    check: reasonOf,
  }),
  grant_break_glass: operation({
    summary: 'Emergency access of an administrator to one conversation (administrators).',
    description: 'Reading only, for at most an hour. Granting, every use and the end are kept in the audit log.',
    rest: { method: 'POST', path: `${admin}/break-glass`, status: 201 },
    limitPerMinute: 10,
    input: Type.Object({
      conversation_id: ConversationIdSchema,
      user_id: Type.Optional(UserIdSchema),
      minutes: Type.Integer({ minimum: 1, maximum: bounds.breakGlassMinutesMax, description: 'How long it lasts.' }),
      reason: reason('Why it is needed'),
    }),
    output: Type.Object({ grant_id: GrantIdSchema, conversation_id: ConversationIdSchema, user_id: UserIdSchema, expires_at: TimeSchema }),
    check: reasonOf,
  }),
  end_break_glass: operation({
    summary: 'Ends an emergency access before its time (administrators).',
    description: 'Repeating is harmless, and so is an id that is not known.',
    rest: { method: 'DELETE', path: `${admin}/break-glass/:grant_id`, status: 200 },
    limitPerMinute: 30,
    input: Type.Object({ grant_id: GrantIdSchema }),
  }),
  list_messages_as_admin: operation({
    summary: 'The history of a conversation with deleted content, newest first (administrators with emergency access).',
    description: 'At most 50 messages; before_seq goes on below the last one.',
    rest: { method: 'GET', path: `${admin}/conversations/:conversation_id/messages`, status: 200 },
    limitPerMinute: 30,
    input: Type.Object({ conversation_id: ConversationIdSchema, before_seq: Type.Optional(SeqSchema) }),
    output: Type.Object({ messages: Type.Array(AuditedMessageSchema, { description: 'Newest first, deleted ones with their content.' }) }),
  }),
  export_person: operation({
    summary: 'All that is stored of a person, page by page (administrators). The reason is kept in the audit log.',
    description:
      'Profile, devices, conversations, their own messages (deleted ones too), receipts and audit rows; nothing that others wrote.',
    rest: { method: 'GET', path: `${admin}/people/:user_id/export`, status: 200 },
    limitPerMinute: 60,
    input: Type.Object({
      user_id: UserIdSchema,
      reason: reason('Why it is exported'),
      cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'A next_cursor of an earlier page.' })),
    }),
    output: Type.Object({
      records: Type.Array(ExportRecordSchema, { description: 'One row each, with the section that it belongs to.' }),
      next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'Goes on with the next page; null at the end.' }),
    }),
    check: reasonOf,
  }),
} as const

function reasonOf({ reason }: Record<string, unknown>): FieldError[] {
  return isReason(reason) ? [] : [{ path: 'reason', message: 'must be 3 to 500 characters' }]
}

function isReason(reason: unknown): boolean {
  const length = typeof reason === 'string' && !isBlank(reason) ? codePointLength(reason) : 0
  return length >= 3 && length <= 500
}
