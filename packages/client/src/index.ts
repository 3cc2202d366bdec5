export { createChatClient, type ChatClient } from './chat-client.js'
export type { ChatClientOptions, ChatStorage, KeptState } from './chat-client-options.js'
export { ChatError, type ChatErrorCode, type ChatErrorDetails } from './chat-error.js'
export type { ChatEvents, ConnectionState, ConversationNews, ReceiptNews, ResetNews } from './chat-events.js'
export type { Call, CallInput, PlainIds, RestOperation } from './rest.js'
export type { PendingSend, SendInput, SentMessage } from './send-queue.js'
export type { Trace, TraceEntry } from './trace.js'
export type {
  Conversation,
  ConversationId,
  ConversationType,
  Message,
  MessageId,
  MessageType,
  Metadata,
  Participant,
  ParticipantRole,
  Person,
  Presence,
  Quote,
  Receipt,
  SharedConversation,
  UserId,
} from '@viatra-chat/contract'
