import { eventually, signToken, startWorld, testSecret, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { clientOf, listenerOf } from './client-of.js'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const tokenOf = ({ id }: Person, expiresInMs: number) => signToken({ secret: testSecret, userId: id, role: 'patient', expiresInMs })

test('a connection outlives its token: a fresh one is shown before the end', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const getToken = vi.fn(() => tokenOf(bob, 3000))
  const bobs = await listenerOf(world, bob, conversation, { getToken })
  await eventually(() => expect(getToken.mock.calls.length).toBeGreaterThanOrEqual(4), 15_000)
  await ann.send(conversation, 'still here')
  await bobs.hears(['still here'])
  expect(bobs.told('state')).toEqual(['connecting', 'online'])
  expect(bobs.told('error')).toEqual([])
})

test('a connection that ended with its token comes back with a new one, and nothing is missed', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const getToken = vi.fn(() => bob.token)
  getToken.mockImplementationOnce(() => tokenOf(bob, 2000))
  getToken.mockImplementationOnce(() => {
    throw new Error('no network')
  })
  const bobs = await listenerOf(world, bob, conversation, { getToken })
  await bobs.becomes('offline', 10_000)
  await ann.send(conversation, 'missed')
  await bobs.hears(['missed'])
  expect(getToken).toHaveBeenCalledTimes(3)
})

test('a refused token is asked for again, over the socket and over REST', async () => {
  const { ann, conversation } = await world.twoPeople()
  const getToken = vi.fn(async () => ann.token)
  getToken.mockImplementationOnce(async () => tokenOf(ann, -60_000)).mockImplementationOnce(async () => 'nonsense')
  const anns = clientOf(world, ann, { getToken })
  anns.client.connect()
  await anns.becomes('online')
  expect(anns.told('error').map(({ code }) => code)).toEqual(['TOKEN_EXPIRED', 'TOKEN_INVALID'])

  const getAgain = vi.fn(async () => ann.token)
  getAgain.mockImplementationOnce(async () => tokenOf(ann, -60_000))
  const { client } = clientOf(world, ann, { getToken: getAgain })
  expect(await client.call('get_conversation', { conversation_id: conversation.id })).toMatchObject({ id: conversation.id })
  expect(getAgain).toHaveBeenCalledTimes(2)
})
