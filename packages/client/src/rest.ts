import type { ConversationId, Failure, MessageId, OperationInput, OperationOutput, UserId } from '@viatra-chat/contract'
import { asChatError, ChatError, fromFailure } from './chat-error.js'
import { routes } from './routes.generated.js'
import type { SessionToken } from './session-token.js'

/** Operations that can be called over REST. */
export type RestOperation = keyof typeof routes

/** Ids are plain text for whoever calls: they come from addresses and stores as well as from answers. */
export type PlainIds<T> = T extends UserId | ConversationId | MessageId
  ? string
  : T extends readonly (infer Item)[]
    ? PlainIds<Item>[]
    : T extends object
      ? { [K in keyof T]: PlainIds<T[K]> }
      : T

/** What an operation takes; ids are plain text. */
export type CallInput<N extends RestOperation> = PlainIds<OperationInput<N>>

/** Calls an operation by its name. */
export type Call = <N extends RestOperation>(operation: N, input: CallInput<N>) => Promise<OperationOutput<N>>

const callTimeoutMs = 15_000
const readTriesMax = 4
// A limit's window is a minute.
const retryAfterMaxS = 60

/**
 * Calls operations over REST. An expired token is renewed once; reads that the server cannot answer now (429, 503) are asked again after the
 * time it names. Rejects with a ChatError.
 */
export function createCall({ url, token }: { url: string; token: SessionToken }): Call {
  async function once(operation: RestOperation, input: Record<string, unknown>): Promise<unknown> {
    try {
      return await request(url, await token.current(), operation, input)
    } catch (error) {
      if (!(error instanceof ChatError) || !(error.code === 'TOKEN_EXPIRED' || error.code === 'TOKEN_INVALID')) throw error
      return request(url, await token.renew(), operation, input)
    }
  }

  async function patiently(operation: RestOperation, input: Record<string, unknown>): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        return await once(operation, input)
      } catch (error) {
        const waitS = waitBefore(operation, asChatError(error, 'NETWORK'), tries)
        if (waitS === undefined) throw error
        await new Promise((resolve) => setTimeout(resolve, waitS * 1000))
      }
    }
  }
  return patiently as Call
}

function waitBefore(operation: RestOperation, { code, retryAfterS = 1 }: ChatError, tries: number): number | undefined {
  const mayWait = routes[operation][0] === 'GET' && (code === 'RATE_LIMITED' || code === 'UNAVAILABLE')
  if (!mayWait || tries >= readTriesMax || retryAfterS > retryAfterMaxS) return undefined
  return retryAfterS + Math.random() * 0.2
}

async function request(url: string, token: string, operation: RestOperation, input: Record<string, unknown>): Promise<unknown> {
  const [method, pattern] = routes[operation]
  const { path, rest } = fillIn(pattern, input)
  const hasBody = method !== 'GET' && Object.keys(rest).length > 0
  const response = await fetch(`${url}${path}${method === 'GET' ? toQuery(rest) : ''}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(hasBody && { 'content-type': 'application/json' }) },
    ...(hasBody && { body: JSON.stringify(rest) }),
    signal: AbortSignal.timeout(callTimeoutMs),
  }).catch((error: unknown) => {
    throw asChatError(error, 'NETWORK')
  })
  return dataOf(response)
}

function fillIn(pattern: string, input: Record<string, unknown>): { path: string; rest: Record<string, unknown> } {
  const rest = { ...input }
  const path = pattern.replace(/:(\w+)/g, (_, name: string) => {
    const value = String(rest[name])
    delete rest[name]
    return encodeURIComponent(value)
  })
  return { path, rest }
}

function toQuery(input: Record<string, unknown>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(input)) if (value !== undefined && value !== null) query.set(name, toText(value))
  const text = query.toString()
  return text && `?${text}`
}

// Lists come as commas between their items.
const toText = (value: unknown) => (Array.isArray(value) ? value.join(',') : String(value))

async function dataOf(response: Response): Promise<unknown> {
  const body = (await response.json().catch(() => undefined)) as { success: true; data?: unknown } | Failure | undefined
  if (body?.success) return body.data
  const retryAfterS = Number(response.headers.get('retry-after')) || undefined
  // Something in between has answered, not the product.
  if (!body?.code) throw new ChatError(response.status >= 502 ? 'UNAVAILABLE' : 'INTERNAL', `HTTP ${response.status}`, { retryAfterS })
  throw fromFailure({ ...body, ...(retryAfterS !== undefined && { retry_after: retryAfterS }) })
}
