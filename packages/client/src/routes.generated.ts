// Generated from the contract by `pnpm generate`.
import type { OperationName } from '@viatra-chat/contract'

/** Method and path of every operation with a REST door. Each `:name` in a path is a property of the input. */
export const routes = {
  list_conversations: ['GET', '/api/v1/chat/conversations'],
  create_conversation: ['POST', '/api/v1/chat/conversations'],
  get_conversation: ['GET', '/api/v1/chat/conversations/:conversation_id'],
  update_conversation: ['PATCH', '/api/v1/chat/conversations/:conversation_id'],
  list_messages: ['GET', '/api/v1/chat/conversations/:conversation_id/messages'],
  send_message: ['POST', '/api/v1/chat/conversations/:conversation_id/messages'],
  mark_read: ['POST', '/api/v1/chat/conversations/:conversation_id/read'],
  mark_delivered: ['POST', '/api/v1/chat/conversations/:conversation_id/delivered'],
  delete_message: ['DELETE', '/api/v1/chat/messages/:message_id'],
  list_receipts: ['GET', '/api/v1/chat/messages/:message_id/receipts'],
  add_participants: ['POST', '/api/v1/chat/conversations/:conversation_id/participants'],
  change_participant_role: ['PATCH', '/api/v1/chat/conversations/:conversation_id/participants/:user_id'],
  remove_participant: ['DELETE', '/api/v1/chat/conversations/:conversation_id/participants/:user_id'],
  get_presence: ['GET', '/api/v1/chat/presence'],
  sync: ['GET', '/api/v1/chat/sync'],
  register_device: ['POST', '/api/v1/auth/fcm-token'],
  forget_device: ['DELETE', '/api/v1/auth/fcm-token'],
  read_message_as_admin: ['GET', '/api/v1/admin/messages/:message_id'],
  grant_break_glass: ['POST', '/api/v1/admin/break-glass'],
  end_break_glass: ['DELETE', '/api/v1/admin/break-glass/:grant_id'],
  list_messages_as_admin: ['GET', '/api/v1/admin/conversations/:conversation_id/messages'],
  export_person: ['GET', '/api/v1/admin/people/:user_id/export'],
} as const satisfies Partial<Record<OperationName, readonly [method: string, path: string]>>
