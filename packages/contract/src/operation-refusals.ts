import { operations, type OperationName } from './operations.js'
import type { Operation } from './operation.js'
import type { RefusalCode } from './refusals.js'

/** What operations refuse for reasons of their own; documents show it. The rest follows from the table, see {@link refusalsOf}. */
const ownRefusals: Record<OperationName, readonly RefusalCode[]> = {
  list_conversations: [],
  create_conversation: [],
  get_conversation: ['NOT_A_PARTICIPANT', 'CONVERSATION_NOT_FOUND'],
  update_conversation: ['NOT_A_PARTICIPANT', 'FORBIDDEN', 'CONVERSATION_NOT_FOUND'],
  list_messages: ['NOT_A_PARTICIPANT', 'CONVERSATION_NOT_FOUND', 'MESSAGE_NOT_FOUND'],
  send_message: ['NOT_A_PARTICIPANT', 'FORBIDDEN', 'CONVERSATION_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'CONFLICT'],
  mark_read: ['NOT_A_PARTICIPANT', 'CONVERSATION_NOT_FOUND'],
  mark_delivered: ['NOT_A_PARTICIPANT', 'CONVERSATION_NOT_FOUND'],
  delete_message: ['NOT_A_PARTICIPANT', 'NOT_THE_SENDER', 'MESSAGE_NOT_FOUND'],
  list_receipts: ['NOT_A_PARTICIPANT', 'MESSAGE_NOT_FOUND'],
  add_participants: ['NOT_A_PARTICIPANT', 'FORBIDDEN', 'CONVERSATION_NOT_FOUND'],
  change_participant_role: ['NOT_A_PARTICIPANT', 'FORBIDDEN', 'CONVERSATION_NOT_FOUND', 'USER_NOT_FOUND'],
  remove_participant: ['NOT_A_PARTICIPANT', 'FORBIDDEN', 'CONVERSATION_NOT_FOUND', 'USER_NOT_FOUND'],
  get_presence: [],
  sync: [],
  register_device: [],
  forget_device: [],
  read_message_as_admin: ['FORBIDDEN', 'MESSAGE_NOT_FOUND'],
  mute_conversation: ['NOT_A_PARTICIPANT', 'CONVERSATION_NOT_FOUND'],
  unmute_conversation: ['NOT_A_PARTICIPANT', 'CONVERSATION_NOT_FOUND'],
  get_mute: ['NOT_A_PARTICIPANT', 'CONVERSATION_NOT_FOUND'],
  set_quiet_hours: [],
  get_quiet_hours: [],
  clear_quiet_hours: [],
  list_pushes_as_admin: ['FORBIDDEN', 'MESSAGE_NOT_FOUND'],
  grant_break_glass: ['FORBIDDEN', 'CONVERSATION_NOT_FOUND'],
  end_break_glass: ['FORBIDDEN'],
  list_messages_as_admin: ['FORBIDDEN'],
  export_person: ['FORBIDDEN', 'USER_NOT_FOUND'],
  join_conversation: ['NOT_A_PARTICIPANT', 'CONVERSATION_NOT_FOUND'],
  leave_conversation: [],
  typing_start: ['NOT_A_PARTICIPANT', 'NOT_JOINED', 'CONVERSATION_NOT_FOUND'],
  typing_stop: ['NOT_A_PARTICIPANT', 'NOT_JOINED', 'CONVERSATION_NOT_FOUND'],
  authenticate: ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED', 'USER_INACTIVE', 'FORBIDDEN'],
}

const ofEveryRequest: readonly RefusalCode[] = ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED', 'USER_INACTIVE']
const ofBodies: readonly RefusalCode[] = ['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']

/** The codes that a call may be refused with, by transport. */
export function refusalsOf(name: OperationName, transport: 'rest' | 'socket'): RefusalCode[] {
  const { rest }: Operation = operations[name]
  const ofTransport = transport === 'socket' ? [] : [...ofEveryRequest, ...(rest?.method === 'GET' ? [] : ofBodies)]
  return ['VALIDATION_ERROR', ...ofTransport, ...ownRefusals[name], 'RATE_LIMITED', 'INTERNAL', 'UNAVAILABLE']
}
