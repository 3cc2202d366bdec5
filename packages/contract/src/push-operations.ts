import { Type } from '#typebox'
import { MuteSchema, PushSchema, QuietHoursSchema } from './entities.js'
import { ConversationIdSchema, MessageIdSchema } from './ids.js'
import { operation } from './operation.js'

const chat = '/api/v1/chat'
const conversation_id = ConversationIdSchema

/** What people may say about their pushes, and what support may ask. */
export const pushOperations = {
  mute_conversation: operation({
    summary: 'No pushes of a conversation for the caller, until a moment or until it is unmuted.',
    rest: { method: 'PUT', path: `${chat}/conversations/:conversation_id/mute`, status: 200 },
    limitPerMinute: 30,
    input: Type.Object({
      conversation_id,
      until: Type.Optional(Type.String({ description: 'ISO 8601, in the future. Absent: for ever.' })),
    }),
    output: MuteSchema,
    check: ({ until }) => (until === undefined || isFuture(until) ? [] : [{ path: 'until', message: 'must be a time in the future' }]),
  }),
  unmute_conversation: operation({
    summary: 'Pushes of a conversation again; harmless when it was not muted.',
    rest: { method: 'DELETE', path: `${chat}/conversations/:conversation_id/mute`, status: 200 },
    limitPerMinute: 30,
    input: Type.Object({ conversation_id }),
    output: MuteSchema,
  }),
  get_mute: operation({
    summary: 'Whether the caller muted a conversation.',
    rest: { method: 'GET', path: `${chat}/conversations/:conversation_id/mute`, status: 200 },
    limitPerMinute: 60,
    input: Type.Object({ conversation_id }),
    output: MuteSchema,
  }),
  set_quiet_hours: operation({
    summary: "Sets the caller's quiet hours: no pushes then.",
    rest: { method: 'PUT', path: `${chat}/quiet-hours`, status: 200 },
    limitPerMinute: 10,
    input: QuietHoursSchema,
    output: QuietHoursSchema,
    check: ({ time_zone }) => (isTimeZone(time_zone) ? [] : [{ path: 'time_zone', message: 'is not a time zone' }]),
  }),
  get_quiet_hours: operation({
    summary: "The caller's quiet hours; null without any.",
    rest: { method: 'GET', path: `${chat}/quiet-hours`, status: 200 },
    limitPerMinute: 60,
    input: Type.Object({}),
    output: Type.Object({
      from: Type.Union([QuietHoursSchema.properties.from, Type.Null()]),
      to: Type.Union([QuietHoursSchema.properties.to, Type.Null()]),
      time_zone: Type.Union([QuietHoursSchema.properties.time_zone, Type.Null()]),
    }),
  }),
  clear_quiet_hours: operation({
    summary: "Ends the caller's quiet hours; harmless without any.",
    rest: { method: 'DELETE', path: `${chat}/quiet-hours`, status: 200 },
    limitPerMinute: 10,
    input: Type.Object({}),
  }),
  list_pushes_as_admin: operation({
    summary: 'Why people got, or did not get, a push of a message (administrators). Kept for 30 days; asking is audited.',
    rest: { method: 'GET', path: '/api/v1/admin/pushes', status: 200 },
    limitPerMinute: 30,
    input: Type.Object({
      message_id: MessageIdSchema,
      reason: Type.Optional(Type.String({ maxLength: 500, description: 'Kept in the audit log.' })),
    }),
    output: Type.Object({
      pushes: Type.Array(PushSchema, { description: 'What was decided, person by person, oldest first; at most 5,000.' }),
    }),
  }),
} as const

const isFuture = (time: unknown) => typeof time === 'string' && isoTime.test(time) && Date.parse(time) > Date.now()
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/

function isTimeZone(name: unknown): boolean {
  try {
    return typeof name === 'string' && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
