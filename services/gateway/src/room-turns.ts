import type { OperationName } from '@viatra-chat/contract'

/** The joins and leaves of one connection that are under way. */
export interface RoomTurns {
  /** Fulfilled when all of them are done, well or not. */
  all: Promise<unknown>
  leaves: Promise<unknown>
}

// One for all: most connections of a gateway are idle, and each would keep two of its own.
const done = Promise.resolve()
export const noTurns = (): RoomTurns => ({ all: done, leaves: done })

/**
 * Runs an event of a connection once the joins and leaves that came before it are done: who asks for no acknowledgement sends a join and
 * what follows it at once, and a screen that is closed quickly must not end up joined. Joins among themselves do not wait.
 */
export function inTurn<T>(turns: RoomTurns, operation: OperationName, run: () => Promise<T>): Promise<T> {
  const answered = (operation === 'join_conversation' ? turns.leaves : turns.all).then(run)
  // Nothing but the moment is kept: a connection may join for days.
  const settled = answered.then(
    () => undefined,
    () => undefined,
  )
  if (operation === 'join_conversation') turns.all = Promise.all([turns.all, settled]).then(() => undefined)
  if (operation === 'leave_conversation') turns.all = turns.leaves = settled
  return answered
}
