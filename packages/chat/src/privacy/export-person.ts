import type { OperationInput, OperationOutput, UserId } from '@viatra-chat/contract'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { invalid, Refusal } from '../refusal.js'
import { openRows, type Reading, type SealedRow } from '../messages/open-rows.js'
import { readSection, sections, type Section, type SectionRow } from './export.sql.js'
import { findPerson } from './privacy.sql.js'

/** One thing that is known of a person; `kind` says what. */
export type ExportRecord = { kind: Section } & Record<string, unknown>

interface Place {
  section: Section
  offset: number
}

const recordsMax = 500
const names = Object.keys(sections) as Section[]
const beginning: Place = { section: 'person', offset: 0 }

/**
 * All that is stored of a person, piece by piece: profile, devices, conversations, what they wrote (deleted messages too), receipts, and the
 * audit rows by and about them. Nothing that others wrote.
 */
export async function* exportPerson(at: Reading, userId: UserId): AsyncGenerator<ExportRecord> {
  let place: Place | undefined = beginning
  while (place) {
    const page: Page = await readPage(at, userId, place)
    yield* page.records
    place = page.next
  }
}

/** The same for administrators, a page at a time; every page leaves a row in the audit log before it is shown. */
export async function exportPersonAsAdmin(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'export_person'>,
  { requestId }: CallContext,
): Promise<Answer<OperationOutput<'export_person'>>> {
  if (!actor.isAdmin) throw new Refusal('FORBIDDEN', { message: 'Only administrators may do this.' })
  const { user_id: subjectId, reason } = input
  if (!(await findPerson(chat.db, subjectId))) throw new Refusal('USER_NOT_FOUND')
  const place = input.cursor === undefined ? beginning : readCursor(input.cursor)
  await recordAudit(chat.db, { actorId: actor.userId, action: 'data_exported', subjectId, reason, requestId, details: { ...place } })
  const { records, next } = await readPage(chat, subjectId, place)
  return { data: { records, next_cursor: next ? `${next.section}.${next.offset}` : null } }
}

interface Page {
  records: ExportRecord[]
  next: Place | undefined
}

async function readPage(at: Reading, userId: UserId, { section, offset }: Place): Promise<Page> {
  const rows = await openSection(at, section, await readSection(at.db, section, userId, offset, recordsMax))
  const records = rows.map((row) => ({ kind: section, ...row }))
  if (rows.length === recordsMax) return { records, next: { section, offset: offset + recordsMax } }
  const following = names[names.indexOf(section) + 1]
  return { records, next: following && { section: following, offset: 0 } }
}

/** What cannot be read any more is exported without content. */
async function openSection(at: Reading, section: Section, rows: readonly SectionRow[]): Promise<readonly SectionRow[]> {
  if (section !== 'message') return rows
  const opened = await openRows(at, rows as readonly (SectionRow & SealedRow)[])
  return opened.map(({ sealed: _, parent_content: __, parent_sealed: ___, ...row }) => row)
}

function readCursor(cursor: string): Place {
  const [name, digits] = cursor.split('.')
  const section = names.find((each) => each === name)
  if (!section || !/^\d{1,9}$/.test(digits ?? '')) throw invalid({ path: 'cursor', message: 'is not a cursor of an export' })
  return { section, offset: Number(digits) }
}
