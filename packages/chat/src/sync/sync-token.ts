import { invalid } from '../refusal.js'

/** Where a client stands. Opaque to clients; its parts are only read here. */
export interface SyncToken {
  /** Which database it speaks of. */
  database: string
  /** Every transaction below this one was seen. */
  since: string
  /** When it was given, ms. */
  at: number
  /** In the middle of a round: the position after which messages go on, and what `since` becomes when the round is done. */
  round?: { next: string; conversationId: string; seq: number }
}

export function writeSyncToken({ database, since, at, round }: SyncToken): string {
  const parts = [database, since, at, ...(round ? [round.next, round.conversationId, round.seq] : [])]
  return Buffer.from(parts.join(' ')).toString('base64url')
}

const shape =
  /^(?<database>[0-9a-f-]{36}) (?<since>\d{1,20}) (?<at>\d{1,15})(?: (?<next>\d{1,20}) (?<conversationId>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (?<seq>\d{1,15}))?$/

/** Refuses what never was a token; one that is merely old or of elsewhere is read. */
export function readSyncToken(text: string): SyncToken {
  const match = /^[\w-]+$/.test(text) ? shape.exec(Buffer.from(text, 'base64url').toString()) : null
  const { database, since, at, next, conversationId, seq } = match?.groups ?? {}
  if (database === undefined || since === undefined || at === undefined) throw invalid({ path: 'since', message: 'is not a sync token' })
  const token = { database, since, at: Number(at) }
  return next === undefined || conversationId === undefined ? token : { ...token, round: { next, conversationId, seq: Number(seq) } }
}
