import { setTimeout as delay } from 'node:timers/promises'
import type { Mark } from '../history.js'
import type { Random } from '../random.js'
import type { Population } from './population.js'
import { keepChanging } from './keep-changing.js'
import { sendUntilAcknowledged } from './send-until-acknowledged.js'
import type { VirtualClient } from './virtual-client.js'

export interface Load {
  /** Begins nothing new and resolves when everything begun is acknowledged or refused. */
  stop(): Promise<void>
}

// Beside other tests everybody speaks a third as often: the machine is for those as well.
const pauseMs = process.env.FAULT_ALONE === '1' ? 30 : 90
const shares = { reply: 0.1, read: 0.1, delivered: 0.1, deletion: 0.04 }
const turns = new WeakMap<Population, Map<string, number>>()

/**
 * Everybody sends, one message after the other, each waiting for its acknowledgement; now and then they reply, mark as read or delivered, or
 * delete. In one conversation people come and go, and what it is about changes.
 */
export function startLoad(population: Population, random: Random): Load {
  const stopping = new AbortController()
  const senders = population.accounts.map(({ id }) => keepSending(population, population.deviceOf(id), random.fork(), stopping.signal))
  const changing = keepChanging(population, random.fork(), stopping.signal)
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all([...senders, changing])
    },
  }
}

async function keepSending(population: Population, client: VirtualClient, random: Random, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const conversations = conversationsOf(population, client.account.id)
    const conversationId = random.pick(conversations)
    const parentId = random.chance(shares.reply) ? someKnown(client, conversationId, random) : undefined
    const turn = nextTurn(population, client.account.id)
    const { acked } = await sendUntilAcknowledged(client, { history: population.history, random, conversationId, turn, parentId })
    for (const kind of ['read', 'delivered'] as const)
      if (random.chance(shares[kind])) await mark(population, client, { kind, conversationId, random })
    if (acked && random.chance(shares.deletion)) await deleteMessage(population, client, acked)
    await delay(pauseMs * (0.5 + random.next()))
  }
}

function conversationsOf({ members }: Population, userId: string): string[] {
  return [...members].filter(([, userIds]) => userIds.has(userId)).map(([id]) => id)
}

function nextTurn(population: Population, userId: string): number {
  const counts = turns.get(population) ?? new Map<string, number>()
  turns.set(population, counts)
  const turn = (counts.get(userId) ?? 0) + 1
  counts.set(userId, turn)
  return turn
}

function someKnown(client: VirtualClient, conversationId: string, random: Random): string | undefined {
  const ids = [...(client.known.get(conversationId)?.ids() ?? [])].slice(-20)
  return ids.length > 0 ? random.pick(ids) : undefined
}

interface MarkOptions {
  kind: Mark['kind']
  conversationId: string
  random: Random
}

async function mark({ history }: Population, client: VirtualClient, { kind, conversationId, random }: MarkOptions): Promise<void> {
  const ids = [...(client.known.get(conversationId)?.ids() ?? [])].slice(-20)
  if (ids.length === 0) return
  const messageIds = random.shuffled(ids)
  if (!(await (random.chance(0.5) ? markOverRest : markOverSocket)(client, kind, conversationId, messageIds))) return
  const marked = messageIds.filter((id) => client.known.get(conversationId)?.get(id)?.isDeleted === false)
  const ackedAt = performance.now()
  history.marks.push(...marked.map((messageId) => ({ kind, userId: client.account.id, conversationId, messageId, ackedAt })))
}

async function markOverRest(client: VirtualClient, kind: Mark['kind'], conversationId: string, messageIds: string[]): Promise<boolean> {
  const path = `/api/v1/chat/conversations/${conversationId}/${kind}`
  const outcome = await client.rest({ method: 'POST', path, body: { message_ids: messageIds } })
  return outcome.kind === 'answer' && outcome.body.success
}

async function markOverSocket(client: VirtualClient, kind: Mark['kind'], conversationId: string, messageIds: string[]): Promise<boolean> {
  const ack = await client.link.ask(`mark_${kind}`, { conversationId, messageIds })
  return ack?.success === true
}

async function deleteMessage(
  { history }: Population,
  client: VirtualClient,
  message: { id: string; content: string | null },
): Promise<void> {
  const outcome = await client.rest({ method: 'DELETE', path: `/api/v1/chat/messages/${message.id}` })
  if (outcome.kind !== 'answer' || !outcome.body.success) return
  history.deletions.set(message.id, { messageId: message.id, content: message.content ?? '', ackedAt: performance.now() })
}
