import type { OperationInput, OperationOutput, UserId } from '@viatra-chat/contract'
import { useBreakGlass } from '../break-glass/break-glass.js'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { withReceipts } from './load-messages.js'
import { listWithDeleted } from './messages.sql.js'
import { openRows } from './open-rows.js'

/** How many messages a page for administrators shows. */
export const adminPageSize = 50

/** A page of history with what was deleted, newest first, for an administrator with emergency access. Every page is a use of it. */
export async function listMessagesAsAdmin(
  chat: Chat,
  actor: Actor,
  { conversation_id: conversationId, before_seq }: OperationInput<'list_messages_as_admin'>,
  context: CallContext,
): Promise<Answer<OperationOutput<'list_messages_as_admin'>>> {
  await useBreakGlass(chat, actor, conversationId, { ...context, beforeSeq: before_seq })
  const rows = await openRows(chat, await listWithDeleted(chat.db, conversationId, before_seq ?? Number.MAX_SAFE_INTEGER, adminPageSize))
  const shown = await withReceipts(chat, conversationId, rows)
  const messages = shown.map((message, n) => ({
    ...message,
    content: rows[n]?.content ?? null,
    metadata: rows[n]?.metadata ?? {},
    deleted_at: rows[n]?.deleted_at?.toISOString() ?? null,
    deleted_by: (rows[n]?.deleted_by ?? null) as UserId | null,
  }))
  return { data: { messages } }
}
