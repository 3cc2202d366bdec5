import type { ConversationId, MessageType, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type Transaction } from 'kysely'
import { unreadCount } from '../receipts/count-unread.js'
import type { PushOutcome } from './push-log.sql.js'
import { hasQuietHours, type JoinedQuietHours } from './quiet-hours.js'

/** Stands in a job's place of a conversation when it only sets the number on the app's icon. */
export const noConversation = '00000000-0000-0000-0000-000000000000'

// As many conversations as a device catches up with in twenty seconds. Of what comes after a long outage the newest is worth a sound.
const conversationsPerDeviceMax = 10

/** What is to be sent to every device of some people. */
export interface QueuedPush {
  conversationId: ConversationId
  seq: number
  messageId: string
  expiresAt: Date
  userIds: readonly UserId[]
}

interface GivenWay {
  message_id: string
  user_id: UserId
}

/**
 * Queues pushes of messages for every device of their people. One that waits for the same device and conversation gives way, if it is of
 * an older message; and one of another conversation does, where too many wait for a device. Gives whose pushes gave way, and of which message.
 */
export async function queuePushes(tx: Transaction<Tables>, pushes: readonly QueuedPush[]): Promise<GivenWay[]> {
  const wanted = pushes.flatMap(({ userIds, ...push }) => userIds.map((userId) => ({ ...push, userId })))
  if (wanted.length === 0) return []
  // In one statement and in one order, so that two workers cannot wait for each other.
  const { rows } = await sql<GivenWay>`
    with wanted as (
      select * from unnest(${wanted.map((push) => push.conversationId)}::uuid[], ${wanted.map((push) => push.seq)}::bigint[],
        ${wanted.map((push) => push.messageId)}::uuid[], ${wanted.map((push) => push.expiresAt)}::timestamptz[], ${wanted.map((push) => push.userId)}::uuid[])
        as w (conversation_id, seq, message_id, expires_at, user_id)
    ), newest as (
      select distinct on (conversation_id, user_id) * from wanted order by conversation_id, user_id, seq desc
    ), targets as (
      select d.fcm_token, d.next_push_at, n.* from newest n join devices d using (user_id)
    ), gave_way as (
      select distinct j.message_id, j.user_id from push_jobs j join targets t using (fcm_token, conversation_id)
      where j.seq < t.seq and (j.leased_until is null or j.leased_until < clock_timestamp())
    ), queued as (
      insert into push_jobs as j (fcm_token, conversation_id, user_id, seq, message_id, due_at, expires_at)
      select fcm_token, conversation_id, user_id, seq, message_id, greatest(clock_timestamp(), next_push_at), expires_at from targets
      order by fcm_token, conversation_id
      on conflict (fcm_token, conversation_id) do update
        set user_id = excluded.user_id, seq = excluded.seq, message_id = excluded.message_id, expires_at = excluded.expires_at, attempts = 0
        where j.seq is null or j.seq < excluded.seq or j.user_id <> excluded.user_id
    )
    select message_id, user_id from gave_way
    union all
    select w.message_id, w.user_id from wanted w join newest n using (conversation_id, user_id) where w.seq < n.seq`.execute(tx)
  return [...rows, ...(await dropExcess(tx, [...new Set(wanted.map(({ userId }) => userId))]))]
}

/**
 * Bounds what waits for a device. Whoever wrote in the most conversations loses their oldest first: a spammer must not displace others.
 * Rows that somebody else holds are left for the next time, as waiting for them could become a deadlock.
 */
async function dropExcess(tx: Transaction<Tables>, userIds: readonly UserId[]): Promise<GivenWay[]> {
  const { rows } = await sql<GivenWay>`
    with full_devices as (
      select j.fcm_token, count(*) - ${conversationsPerDeviceMax} as excess from devices d join push_jobs j using (fcm_token)
      where d.user_id = any(${[...userIds]}::uuid[]) and j.message_id is not null and (j.leased_until is null or j.leased_until < clock_timestamp())
      group by j.fcm_token having count(*) > ${conversationsPerDeviceMax}
    ), by_sender as (
      select f.fcm_token, f.excess, j.conversation_id, j.message_id, count(*) over (partition by f.fcm_token, msg.sender_id) as of_sender
      from full_devices f join push_jobs j using (fcm_token) left join messages msg on msg.conversation_id = j.conversation_id and msg.seq = j.seq
      where j.message_id is not null and (j.leased_until is null or j.leased_until < clock_timestamp())
    ), excess as (
      select fcm_token, conversation_id from (
        select *, row_number() over (partition by fcm_token order by of_sender desc, message_id) as n from by_sender
      ) as ranked where n <= excess
    ), locked as (
      select fcm_token, conversation_id from push_jobs join excess using (fcm_token, conversation_id) for update of push_jobs skip locked
    )
    delete from push_jobs j using locked l where j.fcm_token = l.fcm_token and j.conversation_id = l.conversation_id
    returning j.message_id, j.user_id`.execute(tx)
  return rows
}

/** Queues what sets the number on the icon, for every device of these people; several become one. */
export async function queueBadges(
  db: Kysely<Tables>,
  userIds: readonly UserId[],
  { inMs, expiresMs }: { inMs: number; expiresMs: number },
): Promise<void> {
  await sql`
    insert into push_jobs as j (fcm_token, conversation_id, user_id, seq, due_at, expires_at)
    select fcm_token, ${noConversation}::uuid, user_id, (extract(epoch from clock_timestamp()) * 1000)::bigint,
      clock_timestamp() + ${inMs} * interval '1 ms', clock_timestamp() + ${expiresMs} * interval '1 ms'
    from devices where user_id = any(${[...userIds]}::uuid[]) order by fcm_token
    on conflict (fcm_token, conversation_id) do update
      set user_id = excluded.user_id, seq = excluded.seq, expires_at = excluded.expires_at, due_at = greatest(j.due_at, excluded.due_at), attempts = 0`.execute(
    db,
  )
}

/** A job that this worker may carry out until its lease ends. */
export interface LeasedJob {
  fcm_token: string
  conversation_id: ConversationId
  user_id: UserId
  seq: string
  message_id: string | null
  attempts: number
}

/** Takes jobs that are due, unless everybody pauses. */
export async function leaseJobs(db: Kysely<Tables>, { limit, leaseMs }: { limit: number; leaseMs: number }): Promise<LeasedJob[]> {
  const { rows } = await sql<LeasedJob>`
    update push_jobs set leased_until = clock_timestamp() + ${leaseMs} * interval '1 ms', attempts = attempts + 1
    where (fcm_token, conversation_id) in (
      select fcm_token, conversation_id from push_jobs
      where due_at <= clock_timestamp() and seq is not null and (leased_until is null or leased_until < clock_timestamp())
        and not exists (select from push_pause where until > clock_timestamp())
      order by due_at limit ${limit} for update skip locked
    )
    returning fcm_token, conversation_id, user_id, seq, message_id, attempts`.execute(db)
  return rows
}

/** A job with what it says, or why it is not to be sent any more. */
export interface JobContent extends Omit<LeasedJob, 'attempts'>, JoinedQuietHours {
  dropped: PushOutcome | null
  sender_id: string | null
  sender_name: string | null
  message_type: MessageType | null
  content: string | null
  file_name: string | null
  /** Stands for content and file name while it is not opened. */
  sealed: Buffer | null
}

/** Looks at jobs as the last thing before they are sent: what was read, deleted, muted or left meanwhile is not, nor what came into quiet hours. */
export async function loadJobContents(
  db: Kysely<Tables>,
  jobs: readonly LeasedJob[],
  options: { mentionsPassMute: boolean },
): Promise<JobContent[]> {
  const { rows } = await sql<JobContent>`
    select j.*, msg.sender_id, msg.message_type, msg.content, msg.metadata ->> 'file_name' as file_name, msg.sealed,
      trim(concat_ws(' ', s.first_name, s.last_name)) as sender_name, q.from_minute as quiet_from, q.to_minute as quiet_to, q.time_zone,
      case
        when d.user_id is distinct from j.user_id then 'token_gone'
        when not u.is_active then 'inactive'
        when p.expires_at < clock_timestamp() then 'expired'
        when j.message_id is null then null
        when msg.is_deleted or msg.id is null then 'deleted'
        when m.user_id is null then 'left'
        when m.read_seqs @> msg.seq then 'read'
        when m.muted_until > now() and not (${options.mentionsPassMute}
          and coalesce(jsonb_typeof(msg.metadata -> 'mentions') = 'array' and msg.metadata -> 'mentions' ? m.user_id::text, false)) then 'muted'
      end as dropped
    from unnest(${jobs.map((job) => job.fcm_token)}::text[], ${jobs.map((job) => job.conversation_id)}::uuid[], ${jobs.map((job) => job.user_id)}::uuid[],
      ${jobs.map((job) => job.seq)}::bigint[], ${jobs.map((job) => job.message_id)}::uuid[])
      as j (fcm_token, conversation_id, user_id, seq, message_id)
    join push_jobs p on p.fcm_token = j.fcm_token and p.conversation_id = j.conversation_id
    join users u on u.id = j.user_id
    left join devices d on d.fcm_token = j.fcm_token
    left join messages msg on msg.conversation_id = j.conversation_id and msg.seq = j.seq
    left join conversation_members m on m.conversation_id = j.conversation_id and m.user_id = j.user_id
    left join quiet_hours q on q.user_id = j.user_id and j.message_id is not null
    left join users s on s.id = msg.sender_id`.execute(db)
  return rows.map((row) => (row.dropped === null && hasQuietHours(row) ? { ...row, dropped: 'quiet_hours' } : row))
}

type JobKey = Pick<LeasedJob, 'fcm_token' | 'conversation_id' | 'seq'>

const keysOf = (jobs: readonly JobKey[]) => sql`
  unnest(${jobs.map((job) => job.fcm_token)}::text[], ${jobs.map((job) => job.conversation_id)}::uuid[], ${jobs.map((job) => job.seq)}::bigint[])
    as k (fcm_token, conversation_id, seq)`

/** These are done. A newer message that came for the same device meanwhile keeps its distance and goes next. */
export async function endJobs(db: Kysely<Tables>, jobs: readonly JobKey[], distanceMs: number): Promise<void> {
  if (jobs.length === 0) return
  const { numAffectedRows } = await sql`
    delete from push_jobs j using ${keysOf(jobs)}
    where j.fcm_token = k.fcm_token and j.conversation_id = k.conversation_id and j.seq = k.seq`.execute(db)
  if (Number(numAffectedRows) === jobs.length) return
  // Afterwards, not in one statement: that one would not see a message which comes while it runs.
  await sql`
    update push_jobs j set leased_until = null, attempts = 0, due_at = clock_timestamp() + ${distanceMs} * interval '1 ms'
    from ${keysOf(jobs)} where j.fcm_token = k.fcm_token and j.conversation_id = k.conversation_id`.execute(db)
}

/** Takes the turn of these devices, if it has come, and gives whose has. The next one comes after the distance, whatever becomes of the push. */
export async function takeTurns(db: Kysely<Tables>, tokens: readonly string[], distanceMs: number): Promise<Set<string>> {
  const { rows } = await sql<{ fcm_token: string }>`
    update devices set next_push_at = clock_timestamp() + ${distanceMs} * interval '1 ms'
    where fcm_token in (
      select fcm_token from devices where fcm_token = any(${[...tokens]}::text[]) and coalesce(next_push_at <= clock_timestamp(), true)
      order by fcm_token for no key update
    )
    returning fcm_token`.execute(db)
  return new Set(rows.map((row) => row.fcm_token))
}

/** These wait for the next turn of their devices; nothing was tried. */
export async function awaitTurns(db: Kysely<Tables>, jobs: readonly JobKey[]): Promise<void> {
  if (jobs.length === 0) return
  await sql`
    update push_jobs j set leased_until = null, attempts = j.attempts - 1, due_at = greatest(clock_timestamp(), d.next_push_at)
    from ${keysOf(jobs)} join devices d using (fcm_token)
    where j.fcm_token = k.fcm_token and j.conversation_id = k.conversation_id`.execute(db)
}

/** Tries these again after some time. */
export async function postponeJobs(db: Kysely<Tables>, jobs: readonly (JobKey & { inMs: number })[]): Promise<void> {
  if (jobs.length === 0) return
  await sql`
    update push_jobs j set leased_until = null, due_at = clock_timestamp() + w.ms * interval '1 ms'
    from (select k.*, w.ms from ${keysOf(jobs)} join unnest(${jobs.map((job) => job.fcm_token)}::text[], ${jobs.map((job) => job.conversation_id)}::uuid[],
      ${jobs.map(({ inMs }) => Math.round(inMs))}::int[]) as w (fcm_token, conversation_id, ms) using (fcm_token, conversation_id)) w
    where j.fcm_token = w.fcm_token and j.conversation_id = w.conversation_id`.execute(db)
}

/** Everybody waits. Repeated without a success between, longer and longer. Gives for how long, ms, and whether this is the first time. */
export async function pauseAll(
  db: Kysely<Tables>,
  reason: string,
  { firstMs, maxMs }: { firstMs: number; maxMs: number },
): Promise<{ ms: number; isFirst: boolean }> {
  const { rows } = await sql<{ ms: number; attempts: number }>`
    insert into push_pause as p (until, reason, attempts) values (clock_timestamp() + ${firstMs} * interval '1 ms', ${reason}, 1)
    on conflict (only_row) do update set reason = excluded.reason,
      attempts = case when p.until > clock_timestamp() then p.attempts else p.attempts + 1 end,
      until = case when p.until > clock_timestamp() then p.until
        else clock_timestamp() + least(${maxMs}, ${firstMs} * power(2, least(p.attempts, 20))) * (0.75 + 0.5 * random()) * interval '1 ms' end
    returning (extract(epoch from until - clock_timestamp()) * 1000)::int as ms, attempts`.execute(db)
  return { ms: rows[0]?.ms ?? firstMs, isFirst: rows[0]?.attempts === 1 }
}

/** Something was sent: the next pause is a first one again. */
export async function endPause(db: Kysely<Tables>): Promise<void> {
  await sql`delete from push_pause where until <= clock_timestamp()`.execute(db)
}

/** Forgets a token, if it is still that person's, and was not registered again since it was used. */
export async function forgetToken(
  db: Kysely<Tables>,
  { fcm_token, user_id }: Pick<LeasedJob, 'fcm_token' | 'user_id'>,
  usedAt: Date,
): Promise<void> {
  await sql`
    with gone as (
      delete from devices where fcm_token = ${fcm_token} and user_id = ${user_id} and updated_at < ${usedAt} returning user_id, fcm_token
    )
    update users u set fcm_token = (select d.fcm_token from devices d where d.user_id = u.id and d.fcm_token <> gone.fcm_token order by d.updated_at desc limit 1)
    from gone where u.id = gone.user_id and u.fcm_token = gone.fcm_token`.execute(db)
}

/** Forgets all tokens of those of these people who are deactivated: should they come back, their apps register again. */
export async function forgetTokensOfInactive(tx: Transaction<Tables>, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return
  await sql`
    with gone as (
      update users set fcm_token = null where id in (
        select id from users where id = any(${[...userIds]}::uuid[]) and not is_active order by id for no key update
      ) returning id
    )
    delete from devices d using gone where d.user_id = gone.id`.execute(tx)
}

/** Unread messages of each person over all conversations. */
export async function countAllUnread(db: Kysely<Tables>, userIds: readonly UserId[]): Promise<Map<UserId, number>> {
  const { rows } = await sql<{ user_id: UserId; unread: string }>`
    select m.user_id, sum(${unreadCount()}) as unread
    from conversation_members m join conversations c on c.id = m.conversation_id
    where m.user_id = any(${[...userIds]}::uuid[]) group by m.user_id`.execute(db)
  return new Map(rows.map((row) => [row.user_id, Number(row.unread)]))
}
