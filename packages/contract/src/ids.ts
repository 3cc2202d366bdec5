import { Type } from '#typebox'

declare const brand: unique symbol

/** Identifies a person of the platform; UUID, lower case. */
export type UserId = string & { readonly [brand]: 'UserId' }
/** Identifies a conversation; UUIDv7, lower case. */
export type ConversationId = string & { readonly [brand]: 'ConversationId' }
/** Identifies a message; UUIDv7, lower case. */
export type MessageId = string & { readonly [brand]: 'MessageId' }

/** A UUID of any version in its canonical 36-character form; either case is accepted, lower case is given. */
export const uuidPattern = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'

const uuid = (description: string) => ({ pattern: uuidPattern, format: 'uuid', description })

export const UserIdSchema = Type.Unsafe<UserId>(Type.String(uuid('Id of a person.')))
export const ConversationIdSchema = Type.Unsafe<ConversationId>(Type.String(uuid('Id of a conversation.')))
export const GrantIdSchema = Type.String(uuid('Id of an emergency access.'))
export const MessageIdSchema = Type.Unsafe<MessageId>(Type.String(uuid('Id of a message.')))
