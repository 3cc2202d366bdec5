import type { UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import { invalid } from '../refusal.js'
import { findActivePeople } from './membership.sql.js'

/** Refuses with VALIDATION_ERROR, naming each id of `participant_ids` that is not a known, active person. */
export async function requireActivePeople(db: Kysely<Tables>, ids: readonly UserId[]): Promise<void> {
  if (ids.length === 0) return
  const known = new Set((await findActivePeople(db, ids)).map((person) => person.id))
  const errors = ids.flatMap((id, i) => (known.has(id) ? [] : [{ path: `participant_ids.${i}`, message: 'is not a known, active person' }]))
  if (errors.length > 0) throw invalid(...errors)
}
