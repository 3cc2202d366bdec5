import type { TObject, TProperties, TSchema } from '#typebox'
import type { FieldError } from './refusals.js'

/** Settings of an installation that change what a valid input is. */
export interface InputSettings {
  /** Longest message content, in code points (CHAT_MESSAGE_MAX_LENGTH). */
  messageLengthMax: number
}

/** Where a REST call meets an operation. */
export interface RestDoor {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Fastify notation; each `:name` is a property of the input. */
  path: string
  /** Status of a success; an operation may answer 200 instead of 201 for something that was there before. */
  status: 200 | 201
}

/** Where a socket event meets an operation. The event's name is the operation's. */
export interface SocketDoor {
  /** Whether the per-minute limit of the operation holds here too, on the same budget. */
  limited: boolean
}

/** What a client asks: one entry makes the REST route, the socket event, its documents, its limit and its metrics. */
export interface Operation<P extends TProperties = TProperties, O extends TSchema = TSchema> {
  summary: string
  description?: string
  rest?: RestDoor
  socket?: SocketDoor
  /** Calls a person may make in a window of 60 s, over all instances; none: unlimited. */
  limitPerMinute?: number
  /** Canonical names, snake_case. The camelCase spelling of each is accepted as well. */
  input: TObject<P>
  /** Further spellings that published clients use: `{fcm_token: ['token']}`. */
  aliases?: Partial<Record<keyof P & string, readonly string[]>>
  /** The `data` of a success; absent when a success carries only a `message`. */
  output?: O
  /** Rules a schema cannot say. Called with input that has the right shape. */
  check?: (input: Record<string, unknown>, settings: InputSettings) => FieldError[]
}

/** Keeps the literal types of an entry while checking it. */
export function operation<P extends TProperties, O extends TSchema>(entry: Operation<P, O>): Operation<P, O> {
  return entry
}
