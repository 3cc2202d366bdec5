import type { Random } from './random.js'
import type { Exchange, Story, ToldMessage } from './tell-story.js'

/** One call of a person's app: these messages of others were delivered or read. */
export interface Mark {
  userId: string
  kind: 'delivered' | 'read'
  seqs: readonly number[]
  at: number
}

/** What somebody's app has not reported yet. */
interface Pending {
  delivered: ToldMessage[]
  read: ToldMessage[]
}

/**
 * Who got and read what, in the order of time: people read what is above before they write, and the rest some time after an exchange;
 * whoever did not write in the last exchange has not read it yet. Deleted messages vanish before anybody sees them.
 */
export function tellReceipts({ exchanges }: Story, now: number, random: Random): Mark[] {
  const marks: Mark[] = []
  const pending = new Map<string, Pending>()
  exchanges.forEach((exchange, i) => {
    for (const message of exchange.messages) {
      markRead(marks, pending, message.senderId, message.at - 2000)
      addPending(pending, exchange, message)
    }
    const next = exchanges[i + 1]?.messages[0]?.at
    lookLater(marks, pending, exchange, { until: (next ?? now) - 1000, last: next === undefined, random })
  })
  return marks
}

function addPending(pending: Map<string, Pending>, { present }: Exchange, message: ToldMessage): void {
  if (message.deletedAt !== null) return
  for (const userId of present) {
    if (userId === message.senderId) continue
    const open = pending.get(userId) ?? { delivered: [], read: [] }
    open.delivered.push(message)
    open.read.push(message)
    pending.set(userId, open)
  }
}

interface Later {
  until: number
  last: boolean
  random: Random
}

function lookLater(marks: Mark[], pending: Map<string, Pending>, { present, messages }: Exchange, { until, last, random }: Later): void {
  const end = messages.at(-1)?.at ?? until
  for (const userId of present) {
    if (random.chance(0.6)) markDelivered(marks, pending, userId, Math.min(until, end + random.between(500, 20_000)))
    if (!last && random.chance(0.92)) markRead(marks, pending, userId, Math.min(until, end + random.between(60_000, 5_400_000)))
  }
}

function markDelivered(marks: Mark[], pending: Map<string, Pending>, userId: string, at: number): void {
  const open = pending.get(userId)
  if (!open || open.delivered.length === 0) return
  marks.push({ userId, kind: 'delivered', seqs: open.delivered.map((message) => message.seq), at })
  open.delivered = []
}

function markRead(marks: Mark[], pending: Map<string, Pending>, userId: string, at: number): void {
  const open = pending.get(userId)
  if (!open || open.read.length === 0) return
  marks.push({ userId, kind: 'read', seqs: open.read.map((message) => message.seq), at })
  open.delivered = []
  open.read = []
}
