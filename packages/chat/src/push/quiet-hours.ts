import type { OperationInput, OperationOutput } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { Refusal } from '../refusal.js'
import { deleteQuietHours, findQuietHours, upsertQuietHours } from './quiet-hours.sql.js'

/** When somebody does not want to be disturbed; minutes of the day, where they live. */
export interface QuietHours {
  fromMinute: number
  toMinute: number
  timeZone: string
}

/** Whether a moment lies in them; from 22:00 to 07:00 reaches over midnight. */
export function isQuiet({ fromMinute, toMinute, timeZone }: QuietHours, at: Date): boolean {
  const minute = minuteOfDay(at, timeZone)
  return fromMinute <= toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute
}

/** Quiet hours as a query joins them to somebody; null without any. */
export interface JoinedQuietHours {
  quiet_from: number | null
  quiet_to: number | null
  time_zone: string | null
}

/** Whether somebody has quiet hours now. */
export function hasQuietHours({ quiet_from, quiet_to, time_zone }: JoinedQuietHours): boolean {
  if (quiet_from === null || quiet_to === null || time_zone === null) return false
  return isQuiet({ fromMinute: quiet_from, toMinute: quiet_to, timeZone: time_zone }, new Date())
}

/** Sets the actor's quiet hours: no pushes then, messages stay unread. */
export async function setQuietHours(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'set_quiet_hours'>,
): Promise<Answer<OperationOutput<'set_quiet_hours'>>> {
  const hours = { fromMinute: toMinute(input.from), toMinute: toMinute(input.to), timeZone: input.time_zone }
  // An API goes by what it read of a person for a moment; what an erasure took away meanwhile must not come back.
  if (!(await upsertQuietHours(chat.db, actor.userId, hours))) throw new Refusal('USER_INACTIVE')
  return { data: toOutput(hours) }
}

/** The actor's quiet hours; all null without any. */
export async function getQuietHours(chat: Chat, actor: Actor): Promise<Answer<OperationOutput<'get_quiet_hours'>>> {
  const hours = await findQuietHours(chat.db, actor.userId)
  return { data: hours ? toOutput(hours) : { from: null, to: null, time_zone: null } }
}

/** Ends the actor's quiet hours; harmless without any. */
export async function clearQuietHours(chat: Chat, actor: Actor): Promise<Answer<undefined>> {
  await deleteQuietHours(chat.db, actor.userId)
  return { message: 'Quiet hours cleared successfully' }
}

function minuteOfDay(at: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone, hour: 'numeric', minute: 'numeric', hourCycle: 'h23' }).formatToParts(at)
  const valueOf = (type: string) => Number(parts.find((part) => part.type === type)?.value)
  return valueOf('hour') * 60 + valueOf('minute')
}

function toMinute(time: string): number {
  const [hours, minutes] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}

const toOutput = ({ fromMinute, toMinute, timeZone }: QuietHours) => ({
  from: toTime(fromMinute),
  to: toTime(toMinute),
  time_zone: timeZone,
})

const toTime = (minute: number) => [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':')
