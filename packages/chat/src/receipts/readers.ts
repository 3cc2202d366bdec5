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

/** A message of somebody who takes part no longer, just stored. */
export const nobody: Readers = { readBy: () => [], deliveredTo: () => [] }

/** A message that was just stored: its sender alone. */
export const senderAlone: Readers = { readBy: (senderId) => [senderId], deliveredTo: (senderId) => [senderId] }
