import type { SyncPage } from '@viatra-chat/contract'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createCatchUp } from '../dist/catch-up.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const page = (next: string): SyncPage => ({
  conversations: [],
  messages: [],
  receipts: [],
  removed_conversation_ids: [],
  next,
  has_more: false,
  reset: false,
})

test('a sync that is asked for while another one runs is not put off until the next check', async () => {
  const answers: ((page: SyncPage) => void)[] = []
  const catchUp = createCatchUp({
    call: (() => new Promise((resolve) => answers.push(resolve))) as never,
    isOnline: () => true,
    onPage: () => undefined,
    onReset: () => undefined,
    onDone: () => undefined,
    onToken: () => undefined,
    everyMs: 600_000,
    log: () => undefined,
  })
  const first = catchUp.run()
  catchUp.soon(1000)
  answers[0]?.(page('1'))
  await first
  await vi.advanceTimersByTimeAsync(1000)
  expect(answers).toHaveLength(2)
  catchUp.stop()
})
