import { Type, type Static, type TSchema } from '#typebox'
import { MessageSchema, ConversationSchema, SharedConversationSchema, TimeSchema } from './entities.js'
import { ConversationIdSchema, MessageIdSchema, UserIdSchema } from './ids.js'
import { refusals, type RefusalCode } from './refusals.js'

const receipt = Type.Object({ messageId: MessageIdSchema, userId: UserIdSchema, conversationId: ConversationIdSchema, at: TimeSchema })

const event = <T extends TSchema>(payload: T, audience: string, summary: string) => ({ payload, audience, summary })

/** What the server tells. Every event has exactly one argument and asks for no acknowledgement. */
export const events = {
  new_message: event(MessageSchema, 'Every socket in the room of the conversation, the sender’s too.', 'A message was stored.'),
  message_delivered: event(
    receipt,
    'The room; in conversations over 50 people only the sender of the message, wherever connected.',
    'A message reached a person’s device.',
  ),
  message_read: event(
    receipt,
    'The room; in conversations over 50 people only the sender of the message, wherever connected.',
    'A person read a message. Implies delivered; no extra event says so.',
  ),
  message_deleted: event(receipt, 'The room.', 'A message was deleted by its sender.'),
  user_typing: event(
    Type.Object({
      conversationId: ConversationIdSchema,
      userId: UserIdSchema,
      isTyping: Type.Boolean({ description: 'False when it ended.' }),
    }),
    'The room, but not the typist’s own sockets.',
    'A person started or stopped typing.',
  ),
  user_online: event(
    Type.Object({ userId: UserIdSchema }),
    'Connected people who share a conversation.',
    'A person’s first connection opened.',
  ),
  user_offline: event(
    Type.Object({ userId: UserIdSchema, lastSeen: TimeSchema }),
    'Connected people who share a conversation.',
    'A person’s last connection has been gone for the grace period.',
  ),
  conversation_created: event(
    ConversationSchema,
    'All sockets of its participants, the creator’s too; later of those who are added.',
    'A conversation was created, or the receiver was added to it.',
  ),
  conversation_updated: event(
    SharedConversationSchema,
    'All sockets of its participants.',
    'Metadata, members or roles of a conversation changed. Of two states the one with the later updated_at is the newer.',
  ),
  conversation_activity: event(
    Type.Object({
      conversationId: ConversationIdSchema,
      last_message: Type.Union([MessageSchema, Type.Null()]),
      last_message_at: Type.Union([TimeSchema, Type.Null()]),
    }),
    'Sockets of participants that are not in the room.',
    'A message landed, or the newest one was deleted: keeps a list screen live.',
  ),
  conversation_removed: event(
    Type.Object({ conversationId: ConversationIdSchema }),
    'All sockets of the person who was removed or left.',
    'The receiver takes part no longer.',
  ),
  resync: event(
    Type.Object({
      reason: Type.Union([Type.Literal('subscription_interrupted'), Type.Literal('stalled')], {
        description: 'What happened to the gateway; a client does the same in either case.',
      }),
    }),
    'Every socket of the gateway.',
    'Events may have been missed: call sync. What comes after it is complete again.',
  ),
  error: event(
    Type.Object({
      message: Type.String({ description: 'For people.' }),
      code: Type.Unsafe<RefusalCode>(Type.String({ enum: Object.keys(refusals), description: 'For programs.' })),
      event: Type.Union([Type.String(), Type.Null()], { description: 'The event that failed; null when none did, as at token expiry.' }),
    }),
    'The caller.',
    'An event without acknowledgement failed, or the session ended.',
  ),
} as const satisfies Record<string, { payload: TSchema; audience: string; summary: string }>

export type EventName = keyof typeof events
// A table, which the compiler works out once.
type Payloads = { [N in EventName]: Static<(typeof events)[N]['payload']> }
export type EventPayload<N extends EventName> = Payloads[N]
