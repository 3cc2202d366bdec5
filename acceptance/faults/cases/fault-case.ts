import type { VirtualClient } from '../clients/virtual-client.js'
import { sendUntilAcknowledged } from '../clients/send-until-acknowledged.js'
import type { Population } from '../clients/population.js'
import type { Cluster } from '../cluster/cluster.js'
import type { Random } from '../random.js'

/** What a case may break, and who is there meanwhile. */
export interface Scene {
  readonly cluster: Cluster
  readonly population: Population
  readonly random: Random
}

/** A fault of the catalogue. */
export interface FaultCase {
  /** Its number in the catalogue: `F20`. */
  readonly id: string
  /** What happens, for people. */
  readonly title: string
  /** Long or rare: left to the whole run. */
  readonly wholeRunOnly?: true
  /** Nobody else sends meanwhile: no later message gives away that one is missing. */
  readonly quiet?: true
  /**
   * Breaks something while everybody sends, and mends it again. Throws when what it alone can see is wrong, CannotRun when the machine
   * does not let it. May give what it measured, for people.
   */
  run(scene: Scene): Promise<void | string>
}

/** The machine does not let a fault be made: neither held nor broken. The message says why. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun'
}

export const someClient = ({ population, random }: Scene): VirtualClient => random.pick(population.clients)

/** Somebody's client in some conversation of at least so many people. */
export function someMembership({ population, random }: Scene, sizeMin = 2): { client: VirtualClient; conversationId: string } {
  const { members, changing } = population
  const steady = [...members].filter(([id, ids]) => id !== changing.conversationId && ids.size >= sizeMin)
  const [conversationId, userIds] = random.pick(steady)
  return { client: population.deviceOf(random.pick([...userIds])), conversationId }
}

/** Somebody says something in each conversation, over REST, and has it acknowledged. */
export async function sayInEach({ population, random }: Scene): Promise<void> {
  const { history, members, deviceOf } = population
  const sends = [...members].map(([conversationId, userIds]) =>
    sendUntilAcknowledged(deviceOf(random.pick([...userIds])), { history, random, conversationId, turn: 0, door: 'rest' }),
  )
  await Promise.all(sends)
}

export function requireTrue(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}
