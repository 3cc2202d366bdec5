import { isDeepStrictEqual } from 'node:util'
import type { Facts } from '../clients/known-conversation.js'
import type { Population } from '../clients/population.js'
import type { VirtualClient } from '../clients/virtual-client.js'
import type { EndState, Stored, StoredMarks, StoredMessage } from './end-state.js'

/** C4: seqs run 1, 2, 3 … without gaps, and every member reads all that is not deleted, in the same order. */
export function checkOrder({ stored, lastSeqs, readings }: EndState): string[] {
  const problems: string[] = []
  for (const [id, messages] of stored) {
    const isGapFree = messages.every(({ seq }, index) => seq === index + 1)
    if (!isGapFree || lastSeqs.get(id) !== messages.length)
      problems.push(`C4 ${id} has ${messages.length} messages, last seq ${lastSeqs.get(id)}`)
  }
  for (const { userId, conversation, messages } of readings) {
    const expected = (stored.get(conversation.id) ?? []).filter(({ is_deleted }) => !is_deleted)
    const isSame =
      messages.length === expected.length &&
      messages.every(({ id, content }, n) => id === expected[n]?.id && content === expected[n].content)
    if (!isSame)
      problems.push(
        `C4 ${userId} reads ${messages.length} messages of ${conversation.id}, stored are ${expected.length}, or in another order`,
      )
  }
  return problems
}

/**
 * C5: what each device heard and caught up on by itself is what is stored: messages, and in the same way receipts (C8), members, roles and
 * metadata. Whoever is no participant knows of no conversation.
 */
export function checkKnowledge({ clients, members, history }: Population, state: Stored): string[] {
  return clients.flatMap((client) =>
    [...state.stored].flatMap(([id, messages]) => {
      if (!members.get(id)?.has(client.account.id))
        return client.known.has(id) ? [`C5 ${client.account.name} does not know that ${id} is closed to them`] : []
      const marks = (state.marks.get(id) ?? []).filter(({ userId }) => !history.lastRemovalOf(userId, id))
      return [
        ...missingOf(client, id, messages),
        ...missingMarks(client, id, messages, marks),
        ...missingFacts(client, id, state.facts.get(id)),
      ]
    }),
  )
}

const kinds = ['delivered', 'read'] as const

function missingMarks(
  { account, known }: VirtualClient,
  conversationId: string,
  messages: readonly StoredMessage[],
  marks: readonly StoredMarks[],
): string[] {
  const receipts = known.get(conversationId)?.receipts
  if (!receipts) return []
  return marks.flatMap((stored) =>
    kinds.flatMap((kind) =>
      messages
        .filter((message) => !message.is_deleted && message.sender_id !== stored.userId)
        .filter((message) => receipts.has(kind, stored.userId, message) !== stored[kind].has(message.seq))
        .map(({ seq }) => `C8 ${account.name} is wrong about whether seq ${seq} of ${conversationId} was ${kind} by ${stored.userId}`),
    ),
  )
}

function missingFacts({ account, known }: VirtualClient, conversationId: string, facts: Facts | undefined): string[] {
  const mine = known.get(conversationId)?.facts
  return isDeepStrictEqual(mine, facts)
    ? []
    : [`C5 ${account.name} knows ${conversationId} as ${JSON.stringify(mine)}, and it is ${JSON.stringify(facts)}`]
}

function missingOf({ account, known, link }: VirtualClient, conversationId: string, messages: readonly StoredMessage[]): string[] {
  const mine = known.get(conversationId)
  const where = `in ${conversationId} (gateway ${link.gateway + 1})`
  if (!mine) return [`C5 ${account.name} does not know of ${conversationId}`]
  const stored = new Map(messages.map((message) => [message.id, message]))
  const lost = messages.filter(({ id, is_deleted }) => !is_deleted && !mine.get(id))
  const undead = messages.filter(({ id, is_deleted }) => is_deleted && mine.get(id)?.isDeleted === false)
  const wrong = messages.filter(({ id, content, is_deleted }) => !is_deleted && mine.get(id) && mine.get(id)?.content !== content)
  const phantoms = [...mine.ids()].filter((id) => !stored.has(id))
  return [
    ...lost.map(({ seq }) => `C5 ${account.name} lost seq ${seq} of ${messages.length} ${where}`),
    ...undead.map(({ seq }) => `C5 ${account.name} did not hear that seq ${seq} was deleted ${where}`),
    ...wrong.map(({ seq }) => `C5 ${account.name} has another content for seq ${seq} ${where}`),
    ...phantoms.map((id) => `C5 ${account.name} knows ${id}, which is not stored ${where}`),
  ]
}
