import { invalid } from '../refusal.js'
import { packSnapshot, unpackSnapshot } from './snapshot.js'

/** Where a client stands. Opaque to clients; its parts are only read here. */
export interface SyncToken {
  /** Which database it speaks of. */
  database: string
  /** Everything that was visible in this snapshot was seen. */
  since: string
  /** When it was given, ms. */
  at: number
  /** In the middle of a round: the position after which messages go on, and what `since` becomes when the round is done. */
  round?: { next: string; conversationId: string; seq: number }
}

/** @param isPlain whether it is to be understood by a version that knows no snapshots in tokens. */
export function writeSyncToken({ database, since, at, round }: SyncToken, isPlain: boolean): string {
  const pack = (snapshot: string) => packSnapshot(snapshot, isPlain)
  const parts = [database, pack(since), at, ...(round ? [pack(round.next), round.conversationId, round.seq] : [])]
  return Buffer.from(parts.join(' ')).toString('base64url')
}

const shape =
  /^(?<database>[0-9a-f-]{36}) (?<since>[0-9a-z.]{1,100}) (?<at>\d{1,15})(?: (?<next>[0-9a-z.]{1,100}) (?<conversationId>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (?<seq>\d{1,15}))?$/

/** Refuses what never was a token; one that is merely old or of elsewhere is read. */
export function readSyncToken(text: string): SyncToken {
  const match = /^[\w-]+$/.test(text) ? shape.exec(Buffer.from(text, 'base64url').toString()) : null
  const { database, at, conversationId, seq, ...packed } = match?.groups ?? {}
  const since = unpackSnapshot(packed.since ?? '')
  if (database === undefined || since === undefined) throw noToken()
  const token = { database, since, at: Number(at) }
  if (packed.next === undefined || conversationId === undefined) return token
  const next = unpackSnapshot(packed.next)
  if (next === undefined) throw noToken()
  return { ...token, round: { next, conversationId, seq: Number(seq) } }
}

const noToken = () => invalid({ path: 'since', message: 'is not a sync token' })
