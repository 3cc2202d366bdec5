import type pg from 'pg'
import type { Progress } from './migrate-legacy.js'

/** What the comparison of both databases found. */
export interface Verdict {
  /** What the old database holds. */
  held: { conversations: number; messages: number; receipts: number }
  /** Conversations that are the same here and there. */
  equal: number
  /** Changed in the old database during the run: another run brings them. */
  changed: number
  /** Used here since they were moved: they may hold more than in the old database. */
  inUse: number
  /** Not moved, since none of their people is a user. */
  leftOut: number
  /** Conversations that should be the same and are not. */
  different: { id: string; differences: string[] }[]
}

export interface NoteCount {
  kind: string
  count: number
  /** One of them. */
  example: { conversation_id: string | null; subject: string; detail: string }
}

/** What a run did and found. */
export interface LegacyReport extends Verdict {
  /** People in the old database; all of them are in the target. */
  people: number
  /** What was new or changed since the last run. */
  moved: Progress
  /** What could not be taken over as it was, by kind. Each one is a row of `chat_legacy.notes`. */
  notes: NoteCount[]
}

/** Whether the target holds all that the old database does. */
export const isComplete = ({ different, changed }: LegacyReport): boolean => different.length === 0 && changed === 0

export async function listNotes(target: pg.Client): Promise<NoteCount[]> {
  const { rows } = await target.query<NoteCount>(`
    select kind, count(*)::int as count, (array_agg(json_build_object('conversation_id', conversation_id, 'subject', subject, 'detail', detail)
      order by conversation_id, subject))[1] as example
    from chat_legacy.notes group by kind order by kind`)
  return rows
}

/** Lines for people. */
export function describeReport(report: LegacyReport): string[] {
  const { people, moved, held, equal, changed, inUse, leftOut, different, notes } = report
  const number = (value: number) => value.toLocaleString('en')
  return [
    `Taken over in this run: ${number(moved.conversations)} conversations with ${number(moved.messages)} messages, new or changed since the last one.`,
    `The old database holds: ${number(people)} people, ${number(held.conversations)} conversations, ${number(held.messages)} messages, ${number(held.receipts)} receipts.`,
    `Compared by counts and checksums: ${number(equal)} conversations are equal, ${number(different.length)} differ, ${number(changed)} changed meanwhile, ${number(inUse)} are in use here, ${number(leftOut)} were left out.`,
    ...different.slice(0, 20).map(({ id, differences }) => `  ${id} differs: ${differences.join(', ')}`),
    ...notes.map(({ kind, count, example }) => `  noted ${number(count)} × ${kind}, e.g. ${example.subject}: ${example.detail}`),
    ...(notes.length > 0 ? ['Every note is a row of chat_legacy.notes in the new database.'] : []),
    conclusion(report),
  ]
}

function conclusion({ different, changed }: LegacyReport): string {
  if (different.length > 0) return 'Not complete: conversations differ. Run again; if they still do, look at the lines above.'
  if (changed > 0) return 'Complete but for what changed in the old database meanwhile: run again.'
  return 'Complete: the new database holds all that the old one does.'
}
