import type { UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { upsertLastSeen } from './last-seen.sql.js'

const peoplePerStatement = 1000

/** Stores when people were last seen (ISO 8601), for the day Redis is emptied. Never rejects: what cannot be written now is only logged. */
export async function rememberLastSeen({ db, log }: Pick<Chat, 'db' | 'log'>, times: ReadonlyMap<UserId, string>): Promise<void> {
  const all = [...times]
  try {
    for (let i = 0; i < all.length; i += peoplePerStatement) await upsertLastSeen(db, all.slice(i, i + peoplePerStatement))
  } catch (error) {
    log.warn({ err: error, people: times.size }, 'when people were last seen could not be stored')
  }
}
