import { Type, type Static } from '#typebox'

/** Every expected "no": its HTTP status and the sentence a client gets when the place that refuses has none of its own. */
export const refusals = {
  VALIDATION_ERROR: { status: 400, message: 'The request is not valid.' },
  TOKEN_MISSING: { status: 401, message: 'A bearer token is required.' },
  TOKEN_INVALID: { status: 401, message: 'The token is not valid.' },
  TOKEN_EXPIRED: { status: 401, message: 'The token has expired.' },
  NOT_A_PARTICIPANT: { status: 403, message: 'You do not take part in this conversation.' },
  NOT_THE_SENDER: { status: 403, message: 'Only the sender of a message may do this.' },
  NOT_JOINED: { status: 403, message: 'Join the conversation first.' },
  USER_INACTIVE: { status: 403, message: 'This account is deactivated.' },
  FORBIDDEN: { status: 403, message: 'You may not do this.' },
  CONVERSATION_NOT_FOUND: { status: 404, message: 'There is no such conversation.' },
  MESSAGE_NOT_FOUND: { status: 404, message: 'There is no such message.' },
  USER_NOT_FOUND: { status: 404, message: 'There is no such person here.' },
  NOT_FOUND: { status: 404, message: 'There is nothing here.' },
  CONFLICT: { status: 409, message: 'This client_message_id was used before with other content.' },
  PAYLOAD_TOO_LARGE: { status: 413, message: 'The body is larger than 128 KiB.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'The body must be JSON (application/json).' },
  RATE_LIMITED: { status: 429, message: 'Too many requests.' },
  INTERNAL: { status: 500, message: 'Something went wrong on our side.' },
  UNAVAILABLE: { status: 503, message: 'The service is briefly unavailable. Try again.' },
} as const satisfies Record<string, { status: number; message: string }>

export type RefusalCode = keyof typeof refusals

/** One field that is wrong. `path` is dotted, as the client spells the fields of that transport: `participant_ids.3`. */
export const FieldErrorSchema = Type.Object({
  path: Type.String({ description: 'Dotted: `participant_ids.3`.' }),
  message: Type.String({ description: 'What is wrong with it.' }),
})
export type FieldError = Static<typeof FieldErrorSchema>

/** What a failure looks like, in REST bodies and in acknowledgements alike. */
export const FailureSchema = Type.Object({
  success: Type.Literal(false, { description: 'A success has true here.' }),
  code: Type.Unsafe<RefusalCode>(Type.String({ enum: Object.keys(refusals), description: 'For programs; never changes its meaning.' })),
  message: Type.String({ description: 'For people; may change.' }),
  errors: Type.Optional(Type.Array(FieldErrorSchema, { description: 'Every field that is wrong.' })),
  retry_after: Type.Optional(Type.Integer({ description: 'Seconds to wait; the REST header Retry-After says the same.' })),
  request_id: Type.String({ description: 'Names this call in the logs.' }),
})
export type Failure = Static<typeof FailureSchema>
