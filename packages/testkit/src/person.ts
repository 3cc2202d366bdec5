import { randomUUID } from 'node:crypto'
import { signToken } from '@viatra-chat/chat'
import type { Conversation, Failure, Message, UserId } from '@viatra-chat/contract'
import { connect, type Connection } from './connection.js'

/** An HTTP answer, read whole. */
export interface RestAnswer<T = Record<string, unknown>> {
  status: number
  headers: Headers
  body: { success: boolean; data?: T; message?: string } & Partial<Omit<Failure, 'success' | 'message'>>
  /** `data` of a success; a failure is thrown with its body. */
  data: T
  /** The status, and the code of a failure: `201`, `403 FORBIDDEN`. */
  verdict: string
  /** The fields that a validation failure names. */
  paths: string[]
}

export interface RestOptions {
  /** Which API instance; default the first. */
  api?: number
  headers?: Record<string, string>
}

/** Somebody with an account, a token and any number of connections. */
export interface Person {
  readonly id: UserId
  readonly token: string
  readonly name: string
  rest<T = Record<string, unknown>>(method: string, path: string, body?: unknown, options?: RestOptions): Promise<RestAnswer<T>>
  /** Opens a connection to a gateway; default the first. */
  connect(gateway?: number): Promise<Connection>
  send(conversation: { id: string }, content: string, more?: Record<string, unknown>, options?: RestOptions): Promise<Message>
  history(conversation: { id: string }, query?: string, options?: RestOptions): Promise<Message[]>
  conversations(query?: string, options?: RestOptions): Promise<Conversation[]>
  conversation(id: string, options?: RestOptions): Promise<Conversation>
  create(body: Record<string, unknown>, options?: RestOptions): Promise<Conversation>
}

export interface PersonPlace {
  apis: readonly string[]
  gateways: readonly string[]
  secret: string
}

export const testTokenLifetimeMs = 60 * 60 * 1000

export function person(place: PersonPlace, who: { id: UserId; name: string; role: string }): Person {
  const token = signToken({ secret: place.secret, userId: who.id, role: who.role, expiresInMs: testTokenLifetimeMs })
  const url = (api = 0) => place.apis[api % place.apis.length] ?? ''

  async function rest<T>(method: string, path: string, body?: unknown, { api, headers = {} }: RestOptions = {}): Promise<RestAnswer<T>> {
    const response = await fetch(`${url(api)}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return toRestAnswer<T>(response)
  }

  const data = async <T>(method: string, path: string, body?: unknown, options?: RestOptions) =>
    (await rest<T>(method, path, body, options)).data
  const chat = '/api/v1/chat'
  return {
    id: who.id,
    name: who.name,
    token,
    rest,
    connect: (gateway = 0) => connect(place.gateways[gateway % place.gateways.length] ?? '', { token }),
    send: (conversation, content, more = {}, options) =>
      data<Message>('POST', `${chat}/conversations/${conversation.id}/messages`, { content, ...more }, options),
    history: async (conversation, query = '', options) =>
      (await data<{ messages: Message[] }>('GET', `${chat}/conversations/${conversation.id}/messages${query}`, undefined, options))
        .messages,
    conversations: async (query = '', options) =>
      (await data<{ conversations: Conversation[] }>('GET', `${chat}/conversations${query}`, undefined, options)).conversations,
    conversation: (id, options) => data<Conversation>('GET', `${chat}/conversations/${id}`, undefined, options),
    create: (body, options) => data<Conversation>('POST', `${chat}/conversations`, body, options),
  }
}

export async function toRestAnswer<T>(response: Response): Promise<RestAnswer<T>> {
  const text = await response.text()
  const body = (text === '' ? {} : JSON.parse(text)) as RestAnswer<T>['body']
  return {
    status: response.status,
    headers: response.headers,
    body,
    verdict: [response.status, body.code].filter(Boolean).join(' '),
    paths: (body.errors ?? []).map((error) => error.path),
    get data() {
      if (!body.success) throw new Error(`${response.url} answered ${response.status}: ${text}`)
      return body.data as T
    },
  }
}

export const newUserId = () => randomUUID() as UserId
