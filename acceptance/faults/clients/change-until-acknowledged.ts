import { setTimeout as delay } from 'node:timers/promises'
import type { History } from '../history.js'
import type { RestCall } from './ask-rest.js'
import type { VirtualClient } from './virtual-client.js'

export interface ConversationChange {
  /** As the audit calls it. */
  action: 'metadata_changed' | 'participants_added' | 'participant_removed' | 'role_changed'
  call: RestCall
}

const pauseMs = 200
// Longer than any fault: F46 kills whoever begins a transaction, for minutes on a slow machine.
const patienceMs = 300_000

/** Makes one change of a conversation, again and again until it is acknowledged. What a try without an answer did is not done twice. */
export async function changeUntilAcknowledged(
  client: VirtualClient,
  history: History,
  { action, call }: ConversationChange,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs
  let answer = 'no answer'
  while (performance.now() < giveUpAt) {
    const outcome = await client.rest(call)
    if (outcome.kind === 'answer') {
      const { success, code = '' } = outcome.body
      // Whoever is removed again after the answer was lost is not there.
      if (success || (action === 'participant_removed' && code === 'USER_NOT_FOUND')) return history.changed(action)
      answer = code
      if (outcome.status < 500) break
    }
    await delay(pauseMs)
  }
  history.violations.push(`C1 ${client.account.name} could not ${call.method} ${call.path}: ${answer}`)
}
