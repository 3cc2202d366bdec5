import { bounds } from '@viatra-chat/contract'
import type { Membership } from '../membership/membership.js'

/** In a large conversation everybody telling everybody would be a storm: there only the sender of a message learns who got it. */
export function isToldToRoom({ conversation }: Membership): boolean {
  return conversation.participantCount <= bounds.receiptRoomParticipantsMax
}
