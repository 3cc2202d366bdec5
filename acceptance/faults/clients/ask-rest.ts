import type { History } from '../history.js'

/** What came back over HTTP; `silence` when nothing did. */
export type RestOutcome = { kind: 'answer'; status: number; body: RestBody } | { kind: 'silence'; reason: string }

export interface RestBody {
  success: boolean
  code?: string
  data?: unknown
}

export interface RestCall {
  method: 'GET' | 'POST' | 'DELETE' | 'PATCH'
  path: string
  body?: object
}

// Longer than the services themselves wait for a store that says nothing.
const answerWithinMs = 8000

/** Asks once, and notes answers that the contract does not know: any 5xx but a 503 that says when to come back. */
export async function askRest(history: History, url: string, token: string, { method, path, body }: RestCall): Promise<RestOutcome> {
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerWithinMs),
    })
    const { status } = response
    const text = await response.text()
    if (status >= 500 && !(status === 503 && response.headers.has('retry-after')))
      history.failures.push({ door: 'rest', what: `${method} ${path}`, answer: `${status} ${text}` })
    return { kind: 'answer', status, body: JSON.parse(text) as RestBody }
  } catch (error) {
    return { kind: 'silence', reason: error instanceof Error ? error.message : 'no answer' }
  }
}
