import { randomBytes } from 'node:crypto'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import { recordAudit } from '../audit/record-audit.js'
import { listKeysOfOthers, replaceWrapping, type OldKey } from './content.sql.js'
import type { MasterKeys, WrappedKey } from './master-keys.js'

export interface Rotation {
  /** The master key that wraps all of them now. */
  masterKey: string
  rotated: number
  /** Names of master keys that could not be unwrapped by: they are missing, or not what they are said to be. */
  unknown: string[]
}

const batchMax = 200
const nobody = '00000000-0000-0000-0000-000000000000'

/**
 * Wraps every key anew that is not wrapped by the newest master key. Messages are not touched. Afterwards the older master keys may be
 * forgotten, once every process knows the newest one. Needs the rights of the tables' owner.
 * @throws KeysUnavailable while a key service is away; what was done until then stays done.
 */
export async function rotateKeys(db: Kysely<Tables>, master: MasterKeys): Promise<Rotation> {
  const { masterKey } = await master.wrap(randomBytes(32), { conversationId: nobody, version: 0 })
  const unknown = new Set<string>()
  let rotated = 0
  let after = { conversationId: nobody, version: 0 }
  for (;;) {
    const keys = await listKeysOfOthers(db, { newest: masterKey, after, limit: batchMax })
    for (const key of keys) {
      const wrapping = await wrapAnew(master, key)
      if (wrapping) await replaceWrapping(db, key, wrapping)
      if (wrapping) rotated++
      else unknown.add(key.master_key)
      after = { conversationId: key.conversation_id, version: key.version }
    }
    if (keys.length < batchMax) break
  }
  if (rotated > 0) await recordAudit(db, { action: 'content_keys_rotated', details: { keys: rotated, master_key: masterKey } })
  return { masterKey, rotated, unknown: [...unknown] }
}

async function wrapAnew(master: MasterKeys, key: OldKey): Promise<WrappedKey | undefined> {
  const context = { conversationId: key.conversation_id, version: key.version }
  const unwrapping = await master.unwrap({ wrapped: key.wrapped, masterKey: key.master_key }, context)
  return unwrapping.kind === 'unwrapped' ? master.wrap(unwrapping.dataKey.export(), context) : undefined
}
