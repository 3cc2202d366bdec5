import type { ConversationId, UserId } from '@viatra-chat/contract'

/** Sockets that asked to join a conversation. */
export const conversationRoom = (id: ConversationId) => `conversation:${id}`
/** All sockets of the participants of a conversation, joined or not: what keeps list screens and presence live. */
export const participantsRoom = (id: ConversationId) => `participants:${id}`
/** All sockets of one person. */
export const userRoom = (id: UserId) => `user:${id}`
