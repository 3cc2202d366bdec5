import type { Person } from '@viatra-chat/testkit'
import { openSession, type RawSocket } from '../raw-socket.js'
import { envelopeProblem, hangMs } from './fuzz-rest.js'
import { damaged, type FuzzInput } from './inputs.js'
import { withoutMarks, type Target } from './marks.js'

/** One connection of one person, opened anew whenever the gateway has ended it over something malformed. */
export interface FuzzSocket {
  /** Sends one input. @returns what is wrong with what came of it. */
  fuzz(input: FuzzInput, target: Target): Promise<string | undefined>
  end(): void
}

export function openFuzzSocket(gateway: string, person: Person): FuzzSocket {
  let raw: RawSocket | undefined
  let lastId = 0

  async function fuzz({ operation, kind, input, damage }: FuzzInput, target: Target): Promise<string | undefined> {
    if (raw?.socket.readyState !== raw?.socket.OPEN || !raw) raw = await openSession(gateway, person.token)
    const json = withoutMarks(JSON.stringify([operation, input]), target.ids)
    // Its head stays, so that an answer is known by its id.
    const text = kind === 'broken' ? json.slice(0, 2) + damaged(json.slice(2), damage) : json
    const id = ++lastId
    const answer = answerTo(raw, id)
    raw.send(`42${id}${text}`)
    const outcome = await answer
    if (outcome === 'closed') target.note(outcome)
    if (outcome === 'closed') return isEvent(text) ? `the connection was closed over ${text.slice(0, 300)}` : undefined
    return typeof outcome === 'string' ? outcome : envelopeProblem(outcome.ack, target)
  }

  return { fuzz, end: () => raw?.end() }
}

/** What Socket.IO takes for an event; over anything else it closes the connection. */
function isEvent(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && (typeof value[0] === 'number' || (typeof value[0] === 'string' && !reserved.has(value[0])))
  } catch {
    return false
  }
}

const reserved = new Set(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'])

function answerTo({ socket }: RawSocket, id: number): Promise<{ ack: unknown } | string> {
  return new Promise((resolve) => {
    const patience = setTimeout(() => settle(`no answer within ${hangMs} ms`), hangMs)
    function settle(outcome: { ack: unknown } | string): void {
      clearTimeout(patience)
      socket.off('message', look)
      socket.off('close', close)
      resolve(outcome)
    }
    const close = () => settle('closed')
    const head = `43${id}[`
    const look = (data: Buffer) => {
      const text = data.toString()
      if (text.startsWith(head)) settle({ ack: (JSON.parse(text.slice(head.length - 1)) as unknown[])[0] })
    }
    socket.on('message', look)
    socket.on('close', close)
  })
}
