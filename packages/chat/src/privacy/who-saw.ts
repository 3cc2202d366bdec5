import type { ConversationId, MessageId } from '@viatra-chat/contract'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import { adminPageSize } from '../messages/list-messages-as-admin.js'
import { findMessageSeen, listMessagesSeen, listTraces, traces, type SeenMessage, type TraceKind } from './seen.sql.js'

/** A message, or a way in which it reached somebody; `kind` says which. Never what it says. */
export type SeenRecord = { kind: 'message' | TraceKind } & Record<string, unknown>

/** One message, or all of a conversation. */
export type SeenWhat = { messageId: MessageId } | { conversationId: ConversationId }

const messagesMax = 200
const kinds = Object.keys(traces) as TraceKind[]

/**
 * Who has seen messages, for whoever has to tell of a breach: participants with their receipts, pushes, administrators, emergency access, exports.
 * Leaves one row in the audit log before anything is told; undefined when there is no such message or conversation.
 */
export async function whoSaw({ db }: Pick<Chat, 'db'>, what: SeenWhat, reason: string): Promise<AsyncIterable<SeenRecord> | undefined> {
  const first = await readFirst(db, what)
  const [message] = first
  if (!message) return undefined
  const { conversation_id: conversationId } = message
  await recordAudit(db, { action: 'readers_listed', reason, conversationId, ...('messageId' in what && { messageId: what.messageId }) })
  return tellAll(db, first, 'messageId' in what)
}

async function readFirst(db: Chat['db'], what: SeenWhat): Promise<SeenMessage[]> {
  if ('conversationId' in what) return listMessagesSeen(db, { ...what, aboveSeq: '0', limit: messagesMax })
  const message = await findMessageSeen(db, what.messageId)
  return message ? [message] : []
}

async function* tellAll(db: Chat['db'], first: SeenMessage[], isOne: boolean): AsyncGenerator<SeenRecord> {
  let messages = first
  for (;;) {
    const ids = messages.map(({ message_id }) => message_id)
    for (const message of messages) yield { kind: 'message', ...message, seq: Number(message.seq) }
    for (const kind of kinds) for (const trace of await listTraces(db, kind, ids, adminPageSize)) yield { kind, ...trace }
    const last = messages.at(-1)
    if (isOne || !last || messages.length < messagesMax) return
    messages = await listMessagesSeen(db, { conversationId: last.conversation_id, aboveSeq: last.seq, limit: messagesMax })
  }
}
