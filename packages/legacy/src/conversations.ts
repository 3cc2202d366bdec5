import type pg from 'pg'
import { listOld, noteGone, pendingConversations, pendingTotals } from './conversations.sql.js'
import { moveBatch } from './move-batch.js'
import type { LegacyOptions, Progress } from './migrate-legacy.js'
import { inSnapshot, readBatches, stage } from './read-batches.js'

const conversationsPerBatch = 1000

/** Moves every conversation that is new or changed since the last run; gives how many these were, and how many messages they hold. */
export async function moveConversations(
  old: pg.Client,
  target: pg.Client,
  { batchMessages = 10_000, onProgress }: LegacyOptions,
): Promise<{ moved: Progress }> {
  await listConversations(old, target)
  const { rows } = await target.query<{ conversations: number; messages: number }>(pendingTotals)
  const all = rows[0] ?? { conversations: 0, messages: 0 }
  const moved: Progress = { conversations: 0, messages: 0, conversationsOfAll: all.conversations, messagesOfAll: all.messages }
  for await (const batch of pendingBatches(target, batchMessages)) {
    await moveBatch(old, target, batch.ids)
    moved.conversations += batch.ids.length
    moved.messages += batch.messages
    onProgress?.({ ...moved })
  }
  return { moved }
}

/** Reads through the old database once: what each conversation holds, as a fingerprint. Nothing there says reliably when a row was changed last. */
async function listConversations(old: pg.Client, target: pg.Client): Promise<void> {
  await inSnapshot(old, async () => {
    for await (const rows of readBatches<{ row: string }>(old, listOld)) {
      const texts = rows.map(({ row }) => row)
      await stage(target, 'old_conversations', texts)
    }
  })
  await target.query('analyze old_conversations')
  await target.query(noteGone)
}

interface Batch {
  ids: string[]
  messages: number
}

/** Conversations that are still to be moved, by id, as many as fit into one transaction; a larger one alone. */
async function* pendingBatches(target: pg.Client, messagesMax: number): AsyncGenerator<Batch> {
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const { rows } = await target.query<{ id: string; messages: number }>(pendingConversations, [after, conversationsPerBatch])
    const batch: Batch = { ids: [], messages: 0 }
    for (const { id, messages } of rows) {
      if (batch.ids.length > 0 && batch.messages + messages > messagesMax) break
      batch.ids.push(id)
      batch.messages += messages
    }
    const last = batch.ids.at(-1)
    if (last === undefined) return
    after = last
    yield batch
  }
}
