import pg from 'pg'
import { listConversationIds, readConversation } from './legacy-source.js'
import { moveConversation } from './move-conversation.js'
import { moveMessages } from './move-messages.js'
import { movePeople } from './move-people.js'
import { moveReceipts } from './move-receipts.js'

export interface LegacyMove {
  /** The database that holds the old tables. It is only read. */
  from: string
  /** A database that is migrated to the newest schema. It may be in use. */
  to: string
  /** Messages of one transaction. Default 1000. */
  batchSize?: number
  /** Told after each conversation, and of everything that could not stay as it was. */
  say?: (line: string) => void
  /** Ends it between two batches; what is moved stays, and a later run goes on from there. */
  signal?: AbortSignal
}

/** What a run did: nothing of it counts what earlier runs had moved. */
export interface LegacySummary {
  people: number
  conversations: number
  messages: number
  /** Messages that an earlier run moved and that were edited or deleted since. */
  changed: number
  /** What could not stay as it was, in sentences. */
  remarks: string[]
}

/**
 * Moves people, conversations, messages and receipts from the tables of the original guide (`participant_ids`, `read_by`, `delivered_to` as
 * arrays) into those of this product. May be run again at any time: it moves what is new or changed since. The old application may go on
 * meanwhile; the last run comes after it was stopped.
 * @throws what PostgreSQL throws, and the signal's reason when it was aborted. Nothing is half moved by that.
 */
export async function migrateLegacy({ from, to, batchSize = 1000, say = () => undefined, signal }: LegacyMove): Promise<LegacySummary> {
  const source = new pg.Client({ connectionString: from })
  const target = new pg.Client({ connectionString: to })
  await Promise.all([source.connect(), target.connect()])
  const summary: LegacySummary = { people: 0, conversations: 0, messages: 0, changed: 0, remarks: [] }
  const remark = (sentence: string) => {
    summary.remarks.push(sentence)
    say(sentence)
  }
  try {
    summary.people = await movePeople(source, target)
    const ids = await listConversationIds(source)
    for (const [index, id] of ids.entries()) {
      const conversation = await readConversation(source, id)
      if (!conversation) continue
      const outcome = await moveConversation(target, conversation, remark)
      if (outcome === 'left_out') continue
      if (outcome === 'moved') summary.conversations++
      const { moved, changed } = await moveMessages(source, target, { conversationId: id, batchSize, signal })
      await moveReceipts(source, target, conversation)
      summary.messages += moved
      summary.changed += changed
      say(`${index + 1} of ${ids.length} conversations; ${summary.messages} messages moved`)
    }
    return summary
  } finally {
    await Promise.all([source.end(), target.end()])
  }
}
