const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' })
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const longDate = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })

const dayMs = 24 * 60 * 60 * 1000

export const clockTime = (time: string): string => clock.format(new Date(time))

/** For a list: the time today, the weekday this week, else the date. */
export function shortTime(time: string, now: Date): string {
  const then = new Date(time)
  if (daysBetween(then, now) === 0) return clock.format(then)
  return daysBetween(then, now) < 7 ? weekday.format(then) : date.format(then)
}

/** For a heading above the messages of a day. */
export function dayName(time: string, now: Date): string {
  const days = daysBetween(new Date(time), now)
  if (days === 0) return 'Today'
  return days === 1 ? 'Yesterday' : longDate.format(new Date(time))
}

export const isSameDay = (one: string, other: string): boolean => new Date(one).toDateString() === new Date(other).toDateString()

/** When somebody was last there, in words. */
export function lastSeenText(lastSeen: string | null, now: Date): string {
  if (lastSeen === null) return 'Offline'
  const minutes = Math.round((now.getTime() - new Date(lastSeen).getTime()) / 60_000)
  if (minutes < 1) return 'Last seen just now'
  if (minutes < 60) return `Last seen ${minutes} min ago`
  const days = daysBetween(new Date(lastSeen), now)
  if (days === 0) return `Last seen at ${clockTime(lastSeen)}`
  return days === 1 ? `Last seen yesterday at ${clockTime(lastSeen)}` : `Last seen ${date.format(new Date(lastSeen))}`
}

function daysBetween(then: Date, now: Date): number {
  const startOf = (day: Date) => new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime()
  return Math.round((startOf(now) - startOf(then)) / dayMs)
}
