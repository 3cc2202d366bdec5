import { sendAgain } from '../clients/send-until-acknowledged.js'
import type { Population } from '../clients/population.js'
import type { History } from '../history.js'
import type { EndState, StoredMessage } from './end-state.js'

/** C1: every acknowledged send is stored exactly once, byte for byte, and answered with what is stored. */
export function checkAcknowledged(history: History, state: EndState): string[] {
  const copies = byContent(state)
  return history.acked.flatMap(({ acked, content, clientMessageId, conversationId }) => {
    const found = copies.get(content) ?? []
    const [message] = found
    if (found.length !== 1 || !message) return [`C1 message ${acked?.id} was acknowledged and is stored ${found.length} times`]
    const isSame = message.id === acked?.id && message.seq === acked.seq && acked.content === content
    const isWhole = message.client_message_id === clientMessageId && message.conversation_id === conversationId
    return isSame && isWhole ? [] : [`C1 message ${acked?.id} is stored as something else: ${JSON.stringify(message)}`]
  })
}

/**
 * C2: what was refused is nowhere. C3: what has no known outcome is there at most once; so it is with what was refused after a try without an
 * answer, by somebody who had been removed meanwhile. Nothing is there that nobody sent.
 */
export function checkOthers(history: History, state: EndState): string[] {
  const copies = byContent(state)
  const sent = new Set([...history.sends.values()].map(({ content }) => content))
  const others = [...history.sends.values()].filter((send) => !send.acked)
  const refused = others.filter((send) => send.refusedWith !== undefined && send.tries.every(({ outcome }) => outcome === 'fail'))
  const unanswered = others.filter((send) => send.refusedWith === undefined)
  const wronged = others.filter(
    ({ refusedWith, senderId, conversationId }) => refusedWith === 'NOT_A_PARTICIPANT' && !history.wasEverRemoved(senderId, conversationId),
  )
  const phantoms = [...copies.values()].flat().filter(({ content, message_type }) => message_type !== 'system' && !sent.has(content ?? ''))
  return [
    ...refused.filter(({ content }) => copies.has(content)).map(({ content }) => `C2 a refused send is stored: ${content}`),
    ...wronged.map(({ content }) => `C1 a send of a participant was refused as of somebody else: ${content}`),
    ...unanswered.map((send) => `C1 a send was never acknowledged: ${send.tries.map(({ reason }) => reason).join(', ')}`),
    ...others.filter(({ content }) => (copies.get(content) ?? []).length > 1).map(({ content }) => `C3 stored twice: ${content}`),
    ...phantoms.map((message) => `C2 nobody sent ${message.id}: ${message.content}`),
  ]
}

const askedAgainMax = 40

/** C3: a send that had to be tried several times gives the same message when it is tried once more. */
export async function checkRetries({ history, deviceOf, members }: Population): Promise<string[]> {
  const doubtful = history.acked.filter(
    ({ tries, conversationId, senderId }) => tries.length > 1 && members.get(conversationId)?.has(senderId),
  )
  const problems: string[] = []
  for (const send of doubtful.slice(-askedAgainMax)) {
    const outcome = await sendAgain(deviceOf(send.senderId), history, send)
    const isSame = outcome.kind === 'ok' && outcome.message.id === send.acked?.id
    if (!isSame) problems.push(`C3 ${send.acked?.id}, sent once more, gave ${JSON.stringify(outcome)}`)
  }
  return problems
}

/** C4, the sender's side: whoever waits for each acknowledgement finds the messages in the order of sending. */
export function checkSenderOrder(history: History): string[] {
  const latest = new Map<string, { seq: number; turn: number }>()
  const problems: string[] = []
  for (const { senderId, conversationId, turn, acked } of history.acked) {
    // Sends of a case stand outside of the sender's turns: nobody waits for them.
    if (turn === 0 || !acked) continue
    const key = `${senderId} ${conversationId}`
    const before = latest.get(key)
    if (before && before.turn < turn && before.seq >= acked.seq)
      problems.push(`C4 ${senderId} sent ${acked.id} after seq ${before.seq}, but it is ${acked.seq}`)
    latest.set(key, { seq: acked.seq, turn })
  }
  return problems
}

function byContent({ stored }: EndState): Map<string, StoredMessage[]> {
  const copies = new Map<string, StoredMessage[]>()
  for (const message of [...stored.values()].flat()) {
    const content = message.content ?? ''
    copies.set(content, [...(copies.get(content) ?? []), message])
  }
  return copies
}
