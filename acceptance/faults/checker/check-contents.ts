import type pg from 'pg'
import type { Population } from '../clients/population.js'
import type { Mark } from '../history.js'
import type { EndState, Reading } from './end-state.js'

/** C7: the content of what was deleted is in no answer, cached or not, and in no event that waits. */
export async function checkDeletions({ history }: Population, { readings }: EndState, database: pg.Pool): Promise<string[]> {
  const deleted = [...history.deletions.values()]
  const places: [string, string][] = [
    ['an answer over REST', JSON.stringify(readings)],
    ['the outbox', JSON.stringify((await database.query('select announcement from outbox')).rows)],
  ]
  return places.flatMap(([place, text]) =>
    deleted.filter(({ content }) => text.includes(content)).map(({ messageId }) => `C7 the content of ${messageId} is still in ${place}`),
  )
}

/**
 * C8: receipts are sets of participants, reading implies delivery, and every acknowledged mark of who still takes part is there.
 * @param readAt when reading the state began, by `performance.now()`: what was acknowledged later need not be in it.
 */
export function checkReceipts({ history, members }: Population, { readings }: EndState, readAt = Infinity): string[] {
  const problems: string[] = []
  const shown = new Map<string, Record<Mark['kind'], ReadonlySet<string>>>()
  for (const { conversation, messages } of readings)
    for (const { id, read_by, delivered_to } of messages) {
      const read: ReadonlySet<string> = new Set<string>(read_by)
      const delivered: ReadonlySet<string> = new Set<string>(delivered_to)
      shown.set(id, { read, delivered })
      const areSets = read.size === read_by.length && delivered.size === delivered_to.length
      const participants = members.get(conversation.id)
      const isSound = areSets && [...read].every((userId) => delivered.has(userId) && participants?.has(userId))
      if (!isSound) problems.push(`C8 receipts of ${id}: read ${read_by.join(' ')}, delivered ${delivered_to.join(' ')}`)
    }
  const lost = history.marks.filter(
    ({ kind, userId, conversationId, messageId, ackedAt }) =>
      ackedAt < readAt && members.get(conversationId)?.has(userId) === true && shown.get(messageId)?.[kind].has(userId) === false,
  )
  return [...problems, ...lost.map(({ kind, userId, messageId }) => `C8 ${userId} marked ${messageId} as ${kind}, which is lost`)]
}

/** C9: counters say what counting gives. */
export function checkCounts({ readings, conversations }: EndState): string[] {
  return readings.flatMap((reading) => {
    const { userId, conversation, messages } = reading
    const last = messages.at(-1)
    const joinedSeq = conversations.get(conversation.id)?.members.get(userId)?.joinedSeq ?? 0
    const unread = countUnread(reading, joinedSeq)
    return [
      ...(conversation.unread_count === unread
        ? []
        : [`C9 ${userId} has ${conversation.unread_count} unread in ${conversation.id}, counted ${unread}`]),
      ...(conversation.last_message?.id === last?.id ? [] : [`C9 the last message of ${conversation.id} is not ${last?.id}`]),
      ...(last && (conversation.last_message_at ?? '') < last.created_at ? [`C9 last_message_at of ${conversation.id} went back`] : []),
    ]
  })
}

/** Whoever comes back has nothing unread of what was said before. */
function countUnread({ userId, messages }: Reading, joinedSeq: number): number {
  return messages.filter(
    ({ seq, sender_id, message_type, read_by }) =>
      seq > joinedSeq && sender_id !== userId && message_type !== 'system' && !read_by.some((reader) => reader === userId),
  ).length
}
