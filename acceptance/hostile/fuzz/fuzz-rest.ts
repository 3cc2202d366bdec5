import { Agent, request } from 'node:http'
import { operations, refusals, type Operation } from '@viatra-chat/contract'
import type { Person } from '@viatra-chat/testkit'
import { damaged, type FuzzInput } from './inputs.js'
import { withoutMarks, type KnownIds, type Target } from './marks.js'

const agent = new Agent({ keepAlive: true, maxSockets: 32 })

/** No answer within this time is a hang. */
export const hangMs = 10_000

/** Sends one input to the API. @returns what is wrong with the answer. */
export async function fuzzRest(api: string, people: readonly Person[], fuzz: FuzzInput, target: Target): Promise<string | undefined> {
  const { token = '' } = people[fuzz.person % people.length] ?? {}
  const call = toCall(fuzz, target.ids)
  const answer = await send(api, call, {
    authorization: `Bearer ${token}`,
    ...(call.body !== undefined && { 'content-type': fuzz.contentType }),
  })
  return problemOf(answer, target)
}

interface Call {
  method: string
  path: string
  body?: Buffer
}

function toCall({ operation, kind, input, damage }: FuzzInput, ids: KnownIds): Call {
  const { rest }: Operation = operations[operation]
  if (!rest) throw new Error(`${operation} has no route`)
  const inPath = [...rest.path.matchAll(/:(\w+)/g)].map(([, field = '']) => field)
  const others = Object.entries(input).filter(([field]) => !inPath.includes(field))
  const path = rest.path.replace(/:(\w+)/g, (_, field: string) => encode(withoutMarks(toText(input[field]), ids)).slice(0, 2000) || 'x')
  if (rest.method === 'GET') return { method: 'GET', path: `${path}?${toQuery(others, ids)}` }
  const text = withoutMarks(JSON.stringify(Object.fromEntries(others)), ids)
  return { method: rest.method, path, body: Buffer.from(kind === 'broken' ? damaged(text, damage) : text) }
}

const toText = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
// What cannot be written in UTF-8 goes as a browser would send it.
const encode = (text: string) => encodeURIComponent(text.toWellFormed())

function toQuery(fields: [string, unknown][], ids: KnownIds): string {
  const parts = fields.flatMap(([field, value]) =>
    (Array.isArray(value) && value.length < 3 ? value : [value]).map((one) => `${encode(field)}=${encode(withoutMarks(toText(one), ids))}`),
  )
  return parts.join('&').slice(0, 8000)
}

interface Answer {
  status: number
  text: string
}

function send(api: string, { method, path, body }: Call, headers: Record<string, string>): Promise<Answer | string> {
  return new Promise((resolve) => {
    const sent = request(`${api}${path}`, { method, agent, headers: { ...headers, 'content-length': body?.length ?? 0 }, timeout: hangMs })
    sent.on('timeout', () => resolve(`no answer within ${hangMs} ms`))
    sent.on('error', (error) => resolve(`the connection broke: ${error.message}`))
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
    sent.end(body)
  })
}

function problemOf(answer: Answer | string, target: Target): string | undefined {
  if (typeof answer === 'string') return answer
  const { status, text } = answer
  if (status >= 500) return `answered ${status}: ${text.slice(0, 300)}`
  return envelopeProblem(parse(text), target, status)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What is wrong with an envelope, of either transport; `status` only where there is one. */
export function envelopeProblem(envelope: unknown, { note }: Target, status?: number): string | undefined {
  const { success, ...failure } = (envelope ?? {}) as { success?: boolean }
  note(success ? 'ok' : String('code' in failure && failure.code))
  if (success !== true) return failureProblem(failure, status)
  return status === undefined || status === 200 || status === 201 ? undefined : `a success of status ${status}`
}

function failureProblem({ code, message }: { code?: keyof typeof refusals; message?: string }, status?: number): string | undefined {
  const refusal = code && refusals[code]
  if (!refusal || typeof message !== 'string') return `no envelope: ${code} ${message}`
  if (refusal.status >= 500) return `${code}: ${message}`
  if (status !== undefined && status !== refusal.status) return `${code} with status ${status}`
  return /node_modules|\.[jt]s:\d|syntax error|\bat \w+ \(/i.test(message) ? `tells too much: ${message}` : undefined
}
