const checkIntervalMs = 1000
/** How long a process may be held up without anybody being told. */
export const stallMinMs = 5000

/** Notices that the process was paused, or its event loop held up, for more than {@link stallMinMs}: a timer comes late then. */
export function watchStalls(onStall: (stalledMs: number) => void): { stop(): void } {
  let checkedAt = Date.now()
  const timer = setInterval(() => {
    const stalledMs = Date.now() - checkedAt - checkIntervalMs
    checkedAt = Date.now()
    if (stalledMs > stallMinMs) onStall(stalledMs)
  }, checkIntervalMs)
  return { stop: () => clearInterval(timer) }
}
