import type { OperationInput, OperationOutput, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { findAcquainted } from './acquainted.sql.js'
import { readPresence } from './read-presence.js'

/** Presence of the caller and of people who share a conversation with them; others are left out, as if they did not exist. */
export async function getPresence(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'get_presence'>,
): Promise<Answer<OperationOutput<'get_presence'>>> {
  const asked = [...new Set<UserId>(input.user_ids)]
  const acquainted = await findAcquainted(chat.db, actor.userId, asked)
  const shown = asked.filter((id) => id === actor.userId || acquainted.has(id))
  const presence = await readPresence(chat, shown)
  return {
    data: {
      presence: shown.map((id) => ({
        user_id: id,
        is_online: presence.get(id)?.isOnline ?? false,
        last_seen: presence.get(id)?.lastSeen ?? null,
      })),
    },
  }
}
