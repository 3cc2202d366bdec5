import type { Chat } from '../chat.js'
import { groupBy } from '../group-by.js'
import { badgePayload, messagePayload } from './push-payload.js'
import {
  awaitTurns,
  countAllUnread,
  endJobs,
  endPause,
  forgetToken,
  leaseJobs,
  loadJobContents,
  pauseAll,
  postponeJobs,
  takeTurns,
  type JobContent,
  type LeasedJob,
} from './push-jobs.sql.js'
import { writePushLog, type PushLogEntry } from './push-log.sql.js'
import type { PushSettings } from './push-settings.js'
import type { OutgoingPush, PushResult, PushTransport } from './push-transport.js'

// One device sounds at most so often: 30 times a minute, whatever is written, by however many and wherever.
const distanceMs = 2000
const backOff = { firstMs: 1000, maxMs: 10 * 60_000 }

/** Sends what is due. Gives how many pushes it tried. */
export async function deliverPushes(chat: Chat, transport: PushTransport): Promise<number> {
  const jobs = await leaseJobs(chat.db, { limit: transport.batchMax, leaseMs: chat.settings.push.callTimeoutMs * 1.5 })
  if (jobs.length === 0) return 0
  const contents = await openJobs(chat, await loadJobContents(chat.db, jobs, chat.settings.push))
  await drop(
    chat,
    contents.filter(({ dropped }) => dropped !== null),
  )
  const open = await takeWhoseTurnItIs(
    chat,
    contents.filter(({ dropped }) => dropped === null),
  )
  const usedAt = new Date()
  const results = await sendInTime(transport, await toPayloads(chat, open), chat.settings.push.callTimeoutMs)
  await settle(chat, { jobs, open, results, usedAt })
  return open.length
}

/** What cannot be read is pushed as a message without text. */
async function openJobs({ db, contents }: Chat, jobs: readonly JobContent[]): Promise<readonly JobContent[]> {
  const sealed = jobs.flatMap(({ conversation_id: conversationId, message_id: messageId, dropped, sealed: bytes }) =>
    bytes && messageId !== null && dropped === null ? [{ conversationId, messageId, sealed: bytes }] : [],
  )
  if (sealed.length === 0) return jobs
  const opened = await contents.open(db, sealed)
  const saidIn = new Map(sealed.map(({ messageId }, n) => [messageId, opened[n]]))
  return jobs.map((job) => {
    const said = saidIn.get(job.message_id ?? '')
    const fileName = said?.metadata['file_name']
    return said ? { ...job, content: said.content, file_name: typeof fileName === 'string' ? fileName : null } : job
  })
}

/** One push for each device whose turn has come. Whoever wrote in the fewest conversations is heard first; the others wait. */
async function takeWhoseTurnItIs({ db }: Chat, jobs: readonly JobContent[]): Promise<JobContent[]> {
  const sounding = jobs.filter(({ message_id }) => message_id !== null)
  const first = new Map([...groupBy(sounding, (job) => job.fcm_token)].map(([token, waiting]) => [token, fairestOf(waiting)]))
  const turns = first.size === 0 ? new Set() : await takeTurns(db, [...first.keys()], distanceMs)
  const waits = (job: JobContent) => job.message_id !== null && !(first.get(job.fcm_token) === job && turns.has(job.fcm_token))
  await awaitTurns(db, jobs.filter(waits))
  return jobs.filter((job) => !waits(job))
}

/** Ids of messages grow with time: between two who wrote as much, the one who waits longer. */
function fairestOf(jobs: readonly JobContent[]): JobContent | undefined {
  const bySender = groupBy(jobs, (job) => job.sender_id)
  const keyOf = (job: JobContent) => [bySender.get(job.sender_id)?.length ?? 0, job.message_id ?? ''] as const
  return jobs.toSorted((one, other) => {
    const [[count, id], [otherCount, otherId]] = [keyOf(one), keyOf(other)]
    return count - otherCount || (id < otherId ? -1 : 1)
  })[0]
}

async function toPayloads({ db, settings }: Chat, jobs: readonly JobContent[]): Promise<OutgoingPush[]> {
  const unread = await countAllUnread(db, [...new Set(jobs.map(({ user_id }) => user_id))])
  return jobs.map((job) => {
    const options = {
      token: job.fcm_token,
      badge: unread.get(job.user_id) ?? 0,
      content: settings.push.content,
      ttlMs: settings.push.expiresMs,
    }
    if (job.message_id === null) return badgePayload(options)
    const message = {
      id: job.message_id,
      conversationId: job.conversation_id,
      senderId: job.sender_id ?? '',
      senderName: job.sender_name ?? '',
      type: job.message_type ?? 'text',
      content: job.content,
      fileName: job.file_name,
    }
    return messagePayload(message, options)
  })
}

/**
 * A call that takes too long may still deliver: its pushes are sent again and shown once, by their tags. The deadline is ours, since
 * firebase-admin itself may hold a call for more than a minute.
 */
async function sendInTime(transport: PushTransport, pushes: readonly OutgoingPush[], timeoutMs: number): Promise<PushResult[]> {
  if (pushes.length === 0) return []
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('FCM did not answer in time')), timeoutMs)
  })
  try {
    return await Promise.race([transport.send(pushes), late])
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return pushes.map(() => ({ kind: 'later', code: 'unavailable', detail }))
  } finally {
    clearTimeout(timer)
  }
}

interface Settlement {
  jobs: readonly LeasedJob[]
  open: readonly JobContent[]
  results: readonly PushResult[]
  usedAt: Date
}

async function settle(chat: Chat, { jobs, open, results, usedAt }: Settlement): Promise<void> {
  const attempts = new Map(jobs.map((job) => [`${job.fcm_token} ${job.conversation_id}`, job.attempts]))
  const withResults = open.flatMap((job, n) => {
    const result = results[n]
    return result ? [{ job, result, attempts: attempts.get(`${job.fcm_token} ${job.conversation_id}`) ?? 1 }] : []
  })
  const ended = withResults.filter(({ result }) => !isPassing(result))
  const again = withResults.filter(({ result }) => isPassing(result))
  await pauseFor(chat, results)
  for (const { job, result } of ended) if (result.kind === 'token_gone') await forgetToken(chat.db, job, usedAt)
  await endJobs(
    chat.db,
    ended.map(({ job }) => job),
    distanceMs,
  )
  await postponeJobs(
    chat.db,
    again.map(({ job, result, attempts: tries }) => ({ ...job, inMs: result.kind === 'later' ? backOffMs(tries) : 0 })),
  )
  await writePushLog(
    chat.db,
    ended.flatMap(({ job, result }) => logEntry(job, result, chat.settings.push.content)),
  )
  for (const { result } of withResults) chat.measures.pushes(1, { result: measured[result.kind] })
}

const isPassing = ({ kind }: PushResult) => kind === 'later' || kind === 'slow_down' || kind === 'not_authorized'

async function pauseFor({ db, log }: Chat, results: readonly PushResult[]): Promise<void> {
  const reason = results.find(({ kind }) => kind === 'not_authorized') ?? results.find(({ kind }) => kind === 'slow_down')
  if (!reason || reason.kind === 'sent') {
    if (results.some(({ kind }) => kind === 'sent')) await endPause(db)
    return
  }
  const { ms, isFirst } = await pauseAll(db, reason.code, backOff)
  const fields = { code: reason.code, detail: reason.detail, pauseMs: ms }
  if (reason.kind === 'slow_down') log.warn(fields, 'FCM asks to slow down: pushes wait')
  else if (isFirst) log.error(fields, 'FCM does not accept our credentials: no pushes are sent until it does; they wait until they expire')
}

async function drop(chat: Chat, jobs: readonly JobContent[]): Promise<void> {
  await endJobs(chat.db, jobs, 0)
  await writePushLog(
    chat.db,
    jobs.flatMap(({ message_id, user_id, dropped }) =>
      message_id === null || dropped === null ? [] : [{ messageId: message_id, outcome: dropped, userIds: [user_id] }],
    ),
  )
}

function logEntry({ message_id, user_id }: JobContent, result: PushResult, content: PushSettings['content']): PushLogEntry[] {
  if (message_id === null) return []
  const entry = { messageId: message_id, userIds: [user_id] }
  if (result.kind === 'sent') return [{ ...entry, outcome: 'sent', ...(content === 'generic' && { detail: 'generic' }) }]
  return [{ ...entry, outcome: result.kind === 'token_gone' ? 'token_gone' : 'refused', detail: result.code }]
}

/** Doubles, and is random, so that what failed together does not come back together. */
const backOffMs = (attempts: number) => Math.min(backOff.maxMs, backOff.firstMs * 2 ** (attempts - 1)) * (0.75 + 0.5 * Math.random())

const measured = {
  sent: 'sent',
  token_gone: 'unregistered',
  refused: 'failed',
  later: 'retried',
  slow_down: 'retried',
  not_authorized: 'retried',
} as const satisfies Record<PushResult['kind'], string>
