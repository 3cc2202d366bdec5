import type { UserId } from '@viatra-chat/contract'

/** Who asks: a person that exists and is active. */
export interface Actor {
  readonly userId: UserId
  /** `role: admin` both in the token and in the users table. */
  readonly isAdmin: boolean
}
