import { asChatError, type ChatError } from './chat-error.js'
import type { ChatStorage, KeptState } from './chat-client-options.js'

/** Saves the state after changes, one save at a time; what changes meanwhile is saved once afterwards. */
export function createKeeper(storage: ChatStorage | undefined, state: () => KeptState, onError: (error: ChatError) => void): () => void {
  let isSaving = false
  let again = false
  async function save(): Promise<void> {
    again = isSaving
    if (!storage || isSaving) return
    isSaving = true
    // What changes together is saved together.
    await Promise.resolve()
    try {
      await storage.save(state())
    } catch (error) {
      onError(asChatError(error, 'STORAGE'))
    }
    isSaving = false
    if (again) void save()
  }
  return () => void save()
}
