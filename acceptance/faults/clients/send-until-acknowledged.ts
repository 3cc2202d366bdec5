import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Message } from '@viatra-chat/contract'
import type { DoorName, History, Outcome, Send } from '../history.js'
import type { Random } from '../random.js'
import type { VirtualClient } from './virtual-client.js'

export interface SendOptions {
  history: History
  random: Random
  conversationId: string
  /** Place among the sends of its sender, who waits for each before the next; 0: nobody waits. */
  turn: number
  /** Which way in; a random one each time unless given. */
  door?: DoorName
  parentId?: string | undefined
}

const pauseFirstMs = 50
const pauseMaxMs = 500
// Far beyond every fault: a send that is still not acknowledged then never will be.
const patienceMs = 60_000

/**
 * Sends one message, through either door, again and again with the same id until it is acknowledged or refused.
 * Every content is unlike all others, so that a message stored twice is found.
 */
export async function sendUntilAcknowledged(client: VirtualClient, options: SendOptions): Promise<Send> {
  const { history, random, conversationId, turn } = options
  const clientMessageId = randomUUID()
  const content = `${client.account.name} ${turn} ${clientMessageId} naïve 🩺 ${'x'.repeat(random.below(40))}`
  const send: Send = {
    clientMessageId,
    conversationId,
    senderId: client.account.id,
    content,
    turn,
    invokedAt: performance.now(),
    tries: [],
  }
  history.sends.set(clientMessageId, send)
  for (let pauseMs = pauseFirstMs; performance.now() < send.invokedAt + patienceMs; pauseMs = Math.min(pauseMaxMs, pauseMs * 2)) {
    const door = options.door ?? (random.chance(0.5) && client.link.isConnected ? 'socket' : 'rest')
    const outcome = await tryOnce(client, door, history, { send, parentId: options.parentId })
    send.tries.push({ door, outcome: outcome.kind, ...(outcome.kind === 'info' && { reason: outcome.reason }) })
    if (outcome.kind !== 'info') return settle(send, outcome)
    await delay(pauseMs * (0.5 + random.next() / 2))
  }
  return send
}

/** Sends an acknowledged message once more and gives what the server says to that. */
export function sendAgain(client: VirtualClient, history: History, send: Send): Promise<Outcome> {
  return tryOnce(client, 'rest', history, { send, parentId: send.acked?.parent_message_id ?? undefined })
}

function settle(send: Send, outcome: Exclude<Outcome, { kind: 'info' }>): Send {
  if (outcome.kind === 'ok') Object.assign(send, { ackedAt: performance.now(), acked: outcome.message })
  else send.refusedWith = outcome.code
  return send
}

interface Try {
  send: Send
  parentId: string | undefined
}

async function tryOnce(client: VirtualClient, door: DoorName, history: History, { send, parentId }: Try): Promise<Outcome> {
  const fields = {
    content: send.content,
    message_type: 'text',
    client_message_id: send.clientMessageId,
    ...(parentId !== undefined && { parent_message_id: parentId }),
  }
  return door === 'rest' ? overRest(client, send, fields) : overSocket(client, history, send, fields)
}

async function overRest(client: VirtualClient, { conversationId }: Send, body: object): Promise<Outcome> {
  const outcome = await client.rest({ method: 'POST', path: `/api/v1/chat/conversations/${conversationId}/messages`, body })
  if (outcome.kind === 'silence') return { kind: 'info', reason: outcome.reason }
  if (outcome.body.success) return { kind: 'ok', message: outcome.body.data as Message }
  return toRefusal(outcome.body.code ?? String(outcome.status))
}

async function overSocket(client: VirtualClient, history: History, { conversationId }: Send, fields: object): Promise<Outcome> {
  const ack = await client.link.ask('send_message', { conversationId, ...fields })
  if (!ack) return { kind: 'info', reason: 'no acknowledgement' }
  if (ack.success) return { kind: 'ok', message: ack.data as unknown as Message }
  if (ack.code === 'INTERNAL') history.failures.push({ door: 'socket', what: 'send_message', answer: JSON.stringify(ack) })
  return toRefusal(ack.code)
}

const passing = new Set(['UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL'])
const toRefusal = (code: string): Outcome => (passing.has(code) ? { kind: 'info', reason: code } : { kind: 'fail', code })
