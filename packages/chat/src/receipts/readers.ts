import type { UserId } from '@viatra-chat/contract'
import { includesSeq, parseSeqRanges, type SeqRanges } from './seq-ranges.js'

/** Who got and who read a message of one conversation: sender first, then by id; current participants only. */
export interface Readers {
  readBy(senderId: UserId, seq: number): UserId[]
  deliveredTo(senderId: UserId, seq: number): UserId[]
}

export interface MemberReceiptsRow {
  user_id: string
  delivered_seqs: string
  read_seqs: string
}

/** Expands members' ranges. Rows must be ordered by user_id and hold every member that is a sender or has a receipt among the messages shown. */
export function readersOf(rows: readonly MemberReceiptsRow[]): Readers {
  const members = rows.map((row) => ({
    id: row.user_id as UserId,
    delivered: parseSeqRanges(row.delivered_seqs),
    read: parseSeqRanges(row.read_seqs),
  }))
  const present = new Set(members.map((member) => member.id))
  const list = (senderId: UserId, seq: number, ranges: (member: (typeof members)[number]) => SeqRanges) => {
    const others = members.filter((member) => member.id !== senderId && includesSeq(ranges(member), seq)).map((member) => member.id)
    return present.has(senderId) ? [senderId, ...others] : others
  }
  return {
    readBy: (senderId, seq) => list(senderId, seq, (member) => member.read),
    deliveredTo: (senderId, seq) => list(senderId, seq, (member) => member.delivered),
  }
}

/** A participant, and whether one message was delivered to them and read by them. */
export interface ParticipantReceipts {
  user_id: UserId
  has_got: boolean
  has_read: boolean
}

/** Who got and who read one message, told of every participant; in any order. */
export function readersAmong(participants: readonly ParticipantReceipts[]): Readers {
  const list = (senderId: UserId, had: (participant: ParticipantReceipts) => boolean) => {
    const others = participants.filter((participant) => participant.user_id !== senderId && had(participant)).map(({ user_id }) => user_id)
    return participants.some(({ user_id }) => user_id === senderId) ? [senderId, ...others.sort()] : others.sort()
  }
  return {
    readBy: (senderId) => list(senderId, ({ has_read }) => has_read),
    deliveredTo: (senderId) => list(senderId, ({ has_got }) => has_got),
  }
}

/** A message of somebody who takes part no longer, just stored. */
export const nobody: Readers = { readBy: () => [], deliveredTo: () => [] }

/** A message that was just stored: its sender alone. */
export const senderAlone: Readers = { readBy: (senderId) => [senderId], deliveredTo: (senderId) => [senderId] }
