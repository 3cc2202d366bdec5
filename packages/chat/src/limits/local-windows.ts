import { bounds } from '@viatra-chat/contract'

export type Window = readonly [used: number, resetMs: number]

/** Windows of 60 s from the first call, in this process; they are forgotten as they end. A refused call is not counted. */
export function createLocalWindows() {
  const windows = new Map<string, { used: number; endsAt: number }>()
  const forgetEnded = (now: number) => {
    for (const [key, window] of windows) if (window.endsAt <= now) windows.delete(key)
  }
  return {
    count(key: string, limit: number): Window {
      const now = Date.now()
      if (windows.size > 10_000) forgetEnded(now)
      const open = windows.get(key)
      const window = open && open.endsAt > now ? open : { used: 0, endsAt: now + bounds.limitWindowMs }
      windows.set(key, window)
      if (window.used >= limit) return [window.used + 1, window.endsAt - now]
      return [++window.used, window.endsAt - now]
    },
  }
}
