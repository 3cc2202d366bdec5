import type { ChatStorage, KeptState } from '@viatra-chat/client'

/** Keeps the queue over a reload of this tab. Not for all tabs: two of them would send the same messages. */
export function tabStorage(userId: string): ChatStorage {
  const key = `viatra-chat ${userId}`
  return {
    load() {
      const kept = sessionStorage.getItem(key)
      return kept === null ? undefined : (JSON.parse(kept) as KeptState)
    },
    save: (state) => sessionStorage.setItem(key, JSON.stringify(state)),
  }
}
