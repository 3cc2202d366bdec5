import type { ConversationId, ConversationType, ParticipantRole, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely, Transaction } from 'kysely'
import type { Chat } from '../chat.js'
import { gatherByTurn, oneAtATime } from '../gather-by-turn.js'
import type { Actor } from '../identity/actor.js'
import { Refusal } from '../refusal.js'
import type { KnownState } from '../replica/replica.js'
import { findMembership, findMemberships, lockConversation, type MembershipKey } from './membership.sql.js'

declare const proof: unique symbol

/** Proof that the actor takes part in the conversation, as of the moment it was made. Whatever reads or writes a conversation takes one. */
export interface Membership {
  readonly [proof]: true
  readonly userId: UserId
  readonly role: ParticipantRole
  readonly conversation: {
    readonly id: ConversationId
    readonly type: ConversationType
    readonly lastSeq: number
    readonly messageCount: number
    readonly participantCount: number
    readonly metadata: Record<string, unknown>
    /** Version of the conversation with everything a page of it shows, receipts included; null where it would be costly to know. */
    readonly version: string | null
    /** Version of the conversation without its receipts. */
    readonly ownVersion: number
    /** What a replica must show to be read instead; where it was asked for, and would not be costly to know. */
    readonly known: KnownState | undefined
  }
}

/** Refuses with CONVERSATION_NOT_FOUND or NOT_A_PARTICIPANT. */
export async function requireMembership(at: { db: Kysely<Tables> }, actor: Actor, conversationId: ConversationId): Promise<Membership> {
  return prove(await findMembership(at.db, conversationId, actor.userId), actor)
}

/** The same for what may be read from a replica, if there is one. */
export async function requireMembershipToRead(
  { db, replica }: Pick<Chat, 'db' | 'replica'>,
  actor: Actor,
  conversationId: ConversationId,
): Promise<Membership> {
  return prove(await findMembership(db, conversationId, actor.userId, replica !== undefined), actor)
}

/** Reads memberships together with those that others ask for while an earlier reading is under way. */
export type MembershipReader = (key: MembershipKey) => Promise<Row | undefined>

export const createMembershipReader = (db: Kysely<Tables>): MembershipReader =>
  gatherByTurn((keys: readonly MembershipKey[]) => findMemberships(db, keys), oneAtATime)

/** The same as {@link requireMembership}, for what many do at once: thousands that come back and join are some tens of queries. */
export async function requireMembershipAmongMany(
  { memberships }: { memberships: MembershipReader },
  { userId }: Actor,
  conversationId: ConversationId,
): Promise<Membership> {
  return prove(await memberships({ conversationId, userId }), { userId })
}

function prove(row: Row | undefined, { userId }: Pick<Actor, 'userId'>): Membership {
  if (!row) throw new Refusal('CONVERSATION_NOT_FOUND')
  if (!row.role) throw new Refusal('NOT_A_PARTICIPANT')
  return toMembership(row, userId, row.role)
}

/** The same, and the conversation's row stays locked until the transaction ends: nothing can join, leave or be sent meanwhile. */
export async function lockMembership(tx: Transaction<Tables>, actor: Actor, conversationId: ConversationId): Promise<Membership> {
  await lockConversation(tx, conversationId)
  // A statement of its own: its snapshot is taken after the lock, so that it sees what the lock's last holder wrote.
  return requireMembership({ db: tx }, actor, conversationId)
}

type Row = NonNullable<Awaited<ReturnType<typeof findMembership>>>

function toMembership(row: Row, userId: UserId, role: ParticipantRole): Membership {
  const conversation = {
    id: row.id as ConversationId,
    type: row.type,
    lastSeq: Number(row.last_seq),
    messageCount: Number(row.message_count),
    participantCount: row.participant_count,
    metadata: row.metadata,
    version: row.receipts_version === null ? null : `${row.version}.${row.receipts_version}`,
    ownVersion: Number(row.version),
    known: toKnown(row),
  }
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the one place where the proof is made
  return { userId, role, conversation } as Membership
}

function toKnown({ id, version, receipts_versions }: Row): KnownState | undefined {
  return receipts_versions ? { id: id as ConversationId, version: Number(version), receiptsVersions: receipts_versions } : undefined
}
