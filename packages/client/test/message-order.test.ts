import type { ConversationId, Message, MessageId } from '@viatra-chat/contract'
import { afterEach, expect, test, vi } from 'vitest'
import { MessageOrder } from '../dist/message-order.js'
import type { Call } from '../dist/rest.js'

function message(seq: number, more: Partial<Message> = {}): Message {
  const known: Partial<Message> = { id: `m${seq}` as MessageId, conversation_id: 'c' as ConversationId, seq, is_deleted: false, ...more }
  return known as Message
}

/** An order whose conversation has this many messages stored. */
function orderOf({ stored, without = [] }: { stored: number; without?: number[] }) {
  const delivered: number[] = []
  const onTooFar = vi.fn()
  const history = Array.from({ length: stored }, (_, i) => message(i + 1)).filter(({ seq }) => !without.includes(seq))
  const list = vi.fn(async (_operation: string, { before, limit }: { before?: string; limit: number }) => {
    const end = before === undefined ? Infinity : Number(before.slice(1))
    const below = history.filter(({ seq }) => seq < end).reverse()
    const messages = below.slice(0, limit)
    return { messages, pagination: { next_cursor: below.length > limit ? messages.at(-1)?.id : null } }
  })
  const order = new MessageOrder({
    call: list as unknown as Call,
    deliver: ({ seq }) => delivered.push(seq),
    onTooFar,
    isOnline: () => true,
    log: () => undefined,
  })
  order.begin('c', undefined)
  order.release()
  return { order, delivered, list, onTooFar }
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

afterEach(() => void vi.useRealTimers())

test('repeated and crossed messages are sorted out without asking', async () => {
  vi.useFakeTimers()
  const { order, delivered, list } = orderOf({ stored: 0 })
  order.joined('c', 2, undefined)
  for (const seq of [1, 2, 3, 5, 4, 5, 3, 6]) order.offer(message(seq))
  expect(delivered).toEqual([3, 4, 5, 6])
  await vi.advanceTimersByTimeAsync(200)
  expect(list).not.toHaveBeenCalled()
})

test('what comes before the join is answered is judged by the answer', () => {
  const { order, delivered } = orderOf({ stored: 0 })
  for (const seq of [4, 3, 2]) order.offer(message(seq))
  order.joined('c', 2, undefined)
  expect(delivered).toEqual([3, 4])
})

test('a gap is filled from the history, in pages; deleted messages leave no gap', async () => {
  const { order, delivered, list } = orderOf({ stored: 260, without: [7, 8] })
  order.joined('c', 5, undefined)
  order.offer(message(260))
  await vi.waitFor(() => expect(delivered).toEqual([6, ...range(9, 260)]))
  expect(list).toHaveBeenCalledTimes(3)
})

test('a conversation that went on while away is brought up to the join', async () => {
  const { order, delivered } = orderOf({ stored: 9, without: [9] })
  order.joined('c', 5, undefined)
  order.joined('c', 9, 5)
  await vi.waitFor(() => expect(delivered).toEqual([6, 7, 8]))
  order.offer(message(10))
  expect(delivered).toEqual([6, 7, 8, 10])
})

test('a gap beyond a thousand messages is told instead of filled', async () => {
  const { order, delivered, onTooFar } = orderOf({ stored: 3000 })
  order.joined('c', 5, undefined)
  order.offer(message(3000))
  await vi.waitFor(() => expect(onTooFar).toHaveBeenCalledWith('c'))
  order.offer(message(3001))
  expect(delivered).toEqual([3001])
})

test('a message that is deleted while it waits is not delivered', async () => {
  const { order, delivered } = orderOf({ stored: 2, without: [2] })
  order.joined('c', 0, undefined)
  order.offer(message(2))
  order.forget('c', 'm2')
  await vi.waitFor(() => expect(delivered).toEqual([1]))
  order.offer(message(3, { is_deleted: true }))
  order.offer(message(4))
  expect(delivered).toEqual([1, 4])
})

test('while a sync is to come, gaps wait for it; more than what is kept of a flood is fetched again', async () => {
  vi.useFakeTimers()
  const { order, delivered, list } = orderOf({ stored: 800 })
  order.joined('c', 0, undefined)
  order.hold()
  for (const seq of range(2, 800)) order.offer(message(seq))
  await vi.advanceTimersByTimeAsync(200)
  expect(list).not.toHaveBeenCalled()
  order.release()
  await vi.waitFor(() => expect(delivered).toEqual(range(1, 800)))
})

test('after a restart only what is newer than the join comes; a database that was set back is followed', () => {
  const { order, delivered } = orderOf({ stored: 0 })
  order.hold()
  order.joined('c', 5, undefined)
  order.joined('c', 50, 5)
  order.restart()
  order.release()
  order.offer(message(51))
  order.joined('c', 20, 51)
  order.offer(message(21))
  expect(delivered).toEqual([51, 21])
})
