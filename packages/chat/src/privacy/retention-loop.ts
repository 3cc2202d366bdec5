import type { Chat } from '../chat.js'
import { applyRetention, type RetentionDays } from './apply-retention.js'

/**
 * Applies the retention at once and then again and again. Several processes may: they meet in the conversations' locks, and what one
 * deleted the other does not find.
 * @returns what stops it.
 */
export function startRetention(chat: Chat, days: RetentionDays, intervalMs: number): () => void {
  if (Object.values(days).every((kept) => kept === 0)) return () => undefined
  let isRunning = false
  const run = () => {
    if (isRunning) return
    isRunning = true
    applyRetention(chat, days)
      .then((outcome) => outcome.messages > 0 && chat.log.info({ ...outcome }, 'messages were deleted by their retention'))
      .catch((error: unknown) => chat.log.warn({ err: error }, 'the retention could not be applied; it is tried again'))
      .finally(() => (isRunning = false))
  }
  run()
  const timer = setInterval(run, intervalMs)
  return () => clearInterval(timer)
}
