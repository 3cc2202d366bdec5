import { moveConversations } from './conversations.js'
import { openOld, openTarget } from './databases.js'
import { movePeople } from './people.js'
import { listNotes, type LegacyReport } from './report.js'
import { verify } from './verify.js'

/** What a run is given. */
export interface LegacyOptions {
  /** URL of the old database, with the tables of the original schema. It is only read. */
  from: string
  /** URL of a migrated database of this product. Its services may be running. */
  to: string
  /** Messages per transaction, default 10,000; a conversation is never split. */
  batchMessages?: number
  onProgress?: (progress: Progress) => void
}

/** How far a run is: of what is new or changed since the last one. */
export interface Progress {
  conversations: number
  conversationsOfAll: number
  messages: number
  messagesOfAll: number
}

/**
 * Moves a database of the original schema (`participant_ids`, `read_by`, `delivered_to` as arrays, `users.fcm_token`) into ours while the old one
 * is in use. Each run takes over what is new or changed since the last one, conversation by conversation, each in one transaction: a run that
 * was killed is started again. What cannot be taken over as it is, is noted in `chat_legacy.notes`. Ends with a comparison of both databases.
 * @throws Unfit when one of the databases is not what it should be, or another run is under way.
 */
export async function migrateLegacy(options: LegacyOptions): Promise<LegacyReport> {
  const old = await openOld(options.from)
  try {
    const target = await openTarget(options.to)
    try {
      const people = await movePeople(old, target)
      const moved = await moveConversations(old, target, options)
      const verdict = await verify(old, target)
      return { people, ...moved, ...verdict, notes: await listNotes(target) }
    } finally {
      await target.end()
    }
  } finally {
    await old.end()
  }
}
