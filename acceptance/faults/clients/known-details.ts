import type { SharedConversation } from '@viatra-chat/contract'

type Told = Pick<SharedConversation, 'metadata' | 'updated_at' | 'participants'>

/** Metadata, members and roles of one conversation, as one client knows them: of what it was told, what changed last. */
export class KnownDetails {
  #told: Told | undefined

  take(conversation: Told): void {
    if (!this.#told || conversation.updated_at >= this.#told.updated_at) this.#told = conversation
  }

  get metadata(): Record<string, unknown> | undefined {
    return this.#told?.metadata
  }

  /** The role of each member. */
  get roles(): Map<string, string> {
    return new Map(this.#told?.participants.map(({ id, participant_role }) => [id, participant_role]))
  }
}
