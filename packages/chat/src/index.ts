export { startAuditSealer } from './audit/audit-sealer.js'
export { startOutboxRelay } from './events/outbox-relay.js'
export type { Chat, ChatOptions, ChatSettings, Log } from './chat.js'
export type { ContentKeyModule, KeyContext } from './encryption/content-key-module.js'
export type { EventForm } from './events/emitter-publisher.js'
export { batchChannel, readBatch } from './events/event-batch.js'
export { newMessageMark, readNewMessage } from './events/new-message.js'
export { createdAtOf, readEventFrame, type EventFrame } from './events/event-frame.js'
export { conversationRoom, participantsRoom, userRoom } from './events/rooms.js'
export {
  connectionsEndedSignal,
  participantsRemovedSignal,
  type Audience,
  type EventPublisher,
  type MembershipChange,
} from './events/publisher.js'
export {
  dataOf,
  execute,
  type Answer,
  type Call,
  type CallContext,
  type ConnectionOperation,
  type DomainOperation,
  type Handler,
} from './execute.js'
export { asRefusal } from './faults.js'
export { chatMetrics, ignoreMeasures, type MeasuresOf, type Measures, type MetricDefinition, type Tell } from './measures/metrics.js'
export type { Actor } from './identity/actor.js'
export type { Session } from './identity/authenticate.js'
export type { JsonText } from './json-text.js'
export { createBearerVerifier, fastifyJwtOptions } from './identity/fastify-jwt-options.js'
export { signToken } from './identity/sign-token.js'
export { createTokenVerifier, type TokenClaims, type TokenOptions, type TokenVerifier } from './identity/token-verifier.js'
export { createFailedTokens } from './limits/failed-tokens.js'
export type { LimitCounter, LimitState } from './limits/limit-counter.js'
export { listConversationIds, listConversationIdsByPerson, peoplePerQuery } from './membership/list-conversation-ids.js'
export { requireMembership, requireMembershipAmongMany, type Membership } from './membership/membership.js'
export { startRetention } from './privacy/retention-loop.js'
export { openChat, type OpenChat } from './open-chat.js'
export { invalid, Refusal, toFailure } from './refusal.js'
export * from './presence/index.js'
export * from './push/index.js'
export { warmConversations } from './cache/warm-conversations.js'
