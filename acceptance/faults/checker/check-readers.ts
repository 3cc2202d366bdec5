import type { Population } from '../clients/population.js'
import type { VirtualClient } from '../clients/virtual-client.js'
import type { EndState, StoredMessage } from './end-state.js'

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

/** C5: what each device heard and caught up on by itself is what is stored. */
export function checkKnowledge({ clients, members }: Population, stored: ReadonlyMap<string, readonly StoredMessage[]>): string[] {
  return clients.flatMap((client) =>
    [...stored].flatMap(([conversationId, messages]) =>
      members.get(conversationId)?.has(client.account.id) ? missingOf(client, conversationId, messages) : [],
    ),
  )
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
