import type { Message } from '@viatra-chat/contract'
import { expect, test, vi } from 'vitest'
import { ChatError } from '../dist/chat-error.js'
import { SendQueue } from '../dist/send-queue.js'

type Sent = { conversationId: string; content: string; client_message_id: string }

/** A queue whose server answers as told, in turn; afterwards it takes everything. */
function queueWith(answers: (ChatError | 'taken')[]) {
  const asked: Sent[] = []
  const ask = vi.fn(async (_event: string, payload: unknown) => {
    asked.push(payload as Sent)
    const answer = answers.shift() ?? 'taken'
    if (answer !== 'taken') throw answer
    const stored: Partial<Message> = { content: (payload as Sent).content }
    return stored as Message
  })
  const queue = new SendQueue({ ask, isOnline: () => true, queueMax: 10, onChange: () => undefined, onSent: () => undefined })
  return { queue, asked, contents: () => asked.map(({ content }) => content) }
}

test.each(['RATE_LIMITED', 'UNAVAILABLE'] as const)('%s makes everything wait as long as the server says', async (code) => {
  const { queue, contents } = queueWith([new ChatError(code, '', { retryAfterS: 0.1 })])
  const sends = ['a', 'b'].map((content) => queue.push('c1', { content }).sent)
  expect(contents()).toEqual(['a'])
  const startedAt = performance.now()
  await Promise.all([...sends, queue.push('c2', { content: 'elsewhere' }).sent])
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(95)
  expect(contents().filter((content) => content !== 'elsewhere')).toEqual(['a', 'a', 'b'])
})

test('an answer that does not come is asked for again with the same id, before anything newer', async () => {
  const { queue, asked, contents } = queueWith([new ChatError('NO_ANSWER', '')])
  await Promise.all(['a', 'b'].map((content) => queue.push('c1', { content }).sent))
  expect(contents()).toEqual(['a', 'a', 'b'])
  expect(asked[1]?.client_message_id).toBe(asked[0]?.client_message_id)
})

test('a fault of the server that stays does not block the messages behind it', async () => {
  const fault = () => new ChatError('INTERNAL', '', { retryAfterS: 0.01 })
  const { queue, contents } = queueWith([fault(), fault(), fault()])
  const [bad, good] = ['bad', 'good'].map((content) => queue.push('c1', { content }).sent)
  await expect(bad).rejects.toMatchObject({ code: 'INTERNAL' })
  await good
  expect(contents()).toEqual(['bad', 'bad', 'bad', 'good'])
})
