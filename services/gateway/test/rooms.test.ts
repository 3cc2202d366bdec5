import { conversationRoom, participantsRoom, requireMembershipAmongMany, userRoom, type Membership } from '@viatra-chat/chat'
import type { ConversationId, UserId } from '@viatra-chat/contract'
import { beforeEach, expect, test, vi } from 'vitest'
import type { Connection } from '../src/connection.js'
import type { Gateway } from '../src/gateway.js'
import { createRecentRemovals } from '../src/recent-removals.js'
import { applyRemoval, joinConversation } from '../src/rooms.js'

vi.mock('@viatra-chat/chat', async (original) => ({ ...(await original<object>()), requireMembershipAmongMany: vi.fn() }))

const conversation_id = 'c' as ConversationId
const userId = 'bob' as UserId
const proof: unknown = { conversation: { lastSeq: 7 } }
const membership = proof as Membership
const check = vi.mocked(requireMembershipAmongMany)
beforeEach(() => void check.mockReset())

test('a participant joins', async () => {
  const { gateway, connection, rooms } = open()
  check.mockResolvedValue(membership)
  expect(await joinConversation(gateway, connection, { conversation_id })).toEqual({ data: { conversationId: 'c', last_seq: 7 } })
  expect(rooms).toEqual(new Set([conversationRoom(conversation_id)]))
})

test('whoever is removed while the membership is looked up is never in the room', async () => {
  const { gateway, connection, join } = open()
  check.mockImplementationOnce(async () => {
    applyRemoval(gateway, { conversationId: conversation_id, userIds: [userId] })
    return membership
  })
  await expect(joinConversation(gateway, connection, { conversation_id })).rejects.toMatchObject({ code: 'NOT_A_PARTICIPANT' })
  expect(join).not.toHaveBeenCalled()
})

test('whoever turns out to be removed after the join is taken out again', async () => {
  const { gateway, connection, rooms } = open()
  check.mockResolvedValueOnce(membership).mockRejectedValueOnce(new Error('no longer'))
  await expect(joinConversation(gateway, connection, { conversation_id })).rejects.toThrow('no longer')
  expect(rooms.size).toBe(0)
})

test('who hears of the conversation already is asked about once, when in the room', async () => {
  const { gateway, connection, rooms } = open()
  rooms.add(participantsRoom(conversation_id))
  check.mockImplementation(async () => {
    expect(rooms).toContain(conversationRoom(conversation_id))
    return membership
  })
  expect(await joinConversation(gateway, connection, { conversation_id })).toEqual({ data: { conversationId: 'c', last_seq: 7 } })
  expect(check).toHaveBeenCalledOnce()
})

test('who hears of the conversation without taking part any more is not in its room when that is known', async () => {
  const { gateway, connection, rooms } = open()
  rooms.add(participantsRoom(conversation_id))
  check.mockRejectedValueOnce(new Error('no longer'))
  await expect(joinConversation(gateway, connection, { conversation_id })).rejects.toThrow('no longer')
  expect(rooms).toEqual(new Set([participantsRoom(conversation_id)]))
})

test('who is removed while joining leaves the room although the question was asked before', async () => {
  const { gateway, connection, rooms } = open()
  rooms.add(participantsRoom(conversation_id))
  check.mockImplementationOnce(async () => {
    applyRemoval(gateway, { conversationId: conversation_id, userIds: [userId] })
    return membership
  })
  await expect(joinConversation(gateway, connection, { conversation_id })).rejects.toMatchObject({ code: 'NOT_A_PARTICIPANT' })
  expect(rooms.size).toBe(0)
})

/** As much of a gateway and a connection as a join looks at. */
function open() {
  const rooms = new Set<string>()
  const join = vi.fn((room: string) => void rooms.add(room))
  const socket = { id: 's', rooms, join, leave: (room: string) => void rooms.delete(room), connected: true }
  const connection = { socket, session: { actor: { userId, isAdmin: false } }, typing: new Map() }
  const adapter = { rooms: new Map([[userRoom(userId), new Set(['s'])]]) }
  const gateway = {
    removals: createRecentRemovals(),
    additions: { heard: 0 },
    presence: { forgetRoom: vi.fn() },
    io: { of: () => ({ adapter }) },
    connections: new Map([['s', connection]]),
  }
  return { gateway: gateway as never as Gateway, connection: connection as never as Connection, rooms, join }
}
