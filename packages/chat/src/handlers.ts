import { endBreakGlass, grantBreakGlass } from './break-glass/break-glass.js'
import { createConversation } from './conversations/create-conversation.js'
import { getConversation } from './conversations/get-conversation.js'
import { listConversations } from './conversations/list-conversations.js'
import { updateConversation } from './conversations/update-conversation.js'
import { forgetDevice, registerDevice } from './devices/devices.js'
import type { DomainOperation, Handler } from './execute.js'
import { addParticipants } from './membership/add-participants.js'
import { changeParticipantRole } from './membership/change-participant-role.js'
import { removeParticipant } from './membership/remove-participant.js'
import { deleteMessage } from './messages/delete-message.js'
import { listMessages } from './messages/list-messages.js'
import { listMessagesAsAdmin } from './messages/list-messages-as-admin.js'
import { readMessageAsAdmin } from './messages/read-message-as-admin.js'
import { sendMessage } from './messages/send-message.js'
import { getPresence } from './presence/get-presence.js'
import { exportPersonAsAdmin } from './privacy/export-person.js'
import { listPushesAsAdmin } from './push/list-pushes-as-admin.js'
import { getMute, muteConversation, unmuteConversation } from './push/mute-conversation.js'
import { clearQuietHours, getQuietHours, setQuietHours } from './push/quiet-hours.js'
import { listReceipts } from './receipts/list-receipts.js'
import { markDelivered, markRead } from './receipts/mark-messages.js'
import { sync } from './sync/sync.js'

/** Which function answers which operation. An operation of the contract without a line here does not compile. */
export const handlers: { [N in DomainOperation]: Handler<N> } = {
  list_conversations: listConversations,
  create_conversation: createConversation,
  get_conversation: getConversation,
  update_conversation: updateConversation,
  list_messages: listMessages,
  send_message: sendMessage,
  mark_read: markRead,
  mark_delivered: markDelivered,
  delete_message: deleteMessage,
  list_receipts: listReceipts,
  add_participants: addParticipants,
  change_participant_role: changeParticipantRole,
  remove_participant: removeParticipant,
  get_presence: getPresence,
  sync,
  register_device: registerDevice,
  forget_device: forgetDevice,
  read_message_as_admin: readMessageAsAdmin,
  grant_break_glass: grantBreakGlass,
  end_break_glass: endBreakGlass,
  list_messages_as_admin: listMessagesAsAdmin,
  export_person: exportPersonAsAdmin,
  mute_conversation: muteConversation,
  unmute_conversation: unmuteConversation,
  get_mute: getMute,
  set_quiet_hours: setQuietHours,
  get_quiet_hours: getQuietHours,
  clear_quiet_hours: clearQuietHours,
  list_pushes_as_admin: listPushesAsAdmin,
}
