import { ChatError } from '@viatra-chat/client'
import { eventually, spawnGateway, startTcpProxy, startWorld, type TcpProxy, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { clientOf, listenerOf, upTo } from './client-of.js'

let world: World
let proxy: TcpProxy
let proxied: { socketUrl: string }
beforeAll(async () => {
  world = await startWorld({ gateways: 2 })
  proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(world.gateways[0] ?? '').port) })
  proxied = { socketUrl: `http://127.0.0.1:${proxy.port}` }
})
afterAll(async () => {
  await proxy.close()
  await world.close()
})
beforeEach(() => proxy.mode('pass'))

test('a message is sent and heard', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const [anns, bobs] = await Promise.all([listenerOf(world, ann, conversation), listenerOf(world, bob, conversation)])

  const { clientMessageId, sent } = anns.client.send(conversation.id, { content: 'hello' })
  expect(await sent).toMatchObject({ content: 'hello', seq: 1, client_message_id: clientMessageId })

  await Promise.all([anns.hears(['hello']), bobs.hears(['hello'])])
  await eventually(() => expect(anns.told('receipt')).toMatchObject([{ kind: 'delivered', userId: bob.id }]))
  bobs.client.markRead(conversation.id, [bobs.told('message')[0]?.id ?? ''])
  await eventually(() => expect(anns.told('receipt')).toMatchObject([{ kind: 'delivered' }, { kind: 'read', userId: bob.id }]))
  expect(await bob.conversation(conversation.id)).toMatchObject({ unread_count: 0 })
})

test('operations are called over REST, and refusals have the codes of the contract', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const { client } = clientOf(world, ann)
  expect(await client.call('get_conversation', { conversation_id: conversation.id })).toMatchObject({ id: conversation.id })
  expect(await client.call('get_presence', { user_ids: [ann.id, bob.id] })).toMatchObject({ presence: [{}, {}] })
  const message = await client.call('send_message', { conversation_id: conversation.id, content: 'over REST' })
  await client.call('delete_message', { message_id: message.id })
  const refusal = await client.call('create_conversation', { participant_ids: ['nobody'] }).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(ChatError)
  expect(refusal).toMatchObject({ code: 'VALIDATION_ERROR', errors: [{ path: 'participant_ids.0' }] })
  await expect(client.call('get_conversation', { conversation_id: ann.id })).rejects.toMatchObject({ code: 'CONVERSATION_NOT_FOUND' })
})

test('what is sent while offline waits, is bounded, and goes out in order', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const bobs = await listenerOf(world, bob, conversation)
  const anns = clientOf(world, ann, { queueMax: 20 })

  const sends = upTo(21).map((content) => anns.client.send(conversation.id, { content }).sent)
  await expect(sends[20]).rejects.toMatchObject({ code: 'QUEUE_FULL' })
  expect(anns.client.pending).toHaveLength(20)

  anns.client.connect()
  expect((await Promise.all(sends.slice(0, 20))).map(({ seq }) => seq)).toEqual(upTo(20).map((_, i) => i + 1))
  await bobs.hears(upTo(20))
  expect(anns.client.pending).toEqual([])
})

test('a refused message is rejected, and those behind it go on', async () => {
  const { ann, conversation } = await world.twoPeople()
  const { client } = await listenerOf(world, ann, conversation)
  const [blank, huge, good] = [' ', 'x'.repeat(200_000), 'good'].map((content) => client.send(conversation.id, { content }).sent)
  await expect(blank).rejects.toMatchObject({ code: 'VALIDATION_ERROR' })
  await expect(huge).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
  expect(await good).toMatchObject({ seq: 1 })
})

test('a message whose acknowledgement was lost is sent again and stored once', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const bobs = await listenerOf(world, bob, conversation)
  const anns = await listenerOf(world, ann, conversation, proxied)
  await anns.client.send(conversation.id, { content: 'first' }).sent

  proxy.cutOnAnswer((bytes) => bytes.includes('second'))
  const second = anns.client.send(conversation.id, { content: 'second' })
  const third = anns.client.send(conversation.id, { content: 'third' })

  expect(await second.sent).toMatchObject({ seq: 2, client_message_id: second.clientMessageId })
  expect(await third.sent).toMatchObject({ seq: 3 })
  expect(anns.told('state')).toEqual(['connecting', 'online', 'offline', 'connecting', 'online'])
  await Promise.all([anns.hears(['first', 'second', 'third']), bobs.hears(['first', 'second', 'third'])])
})

test('a line that swallows everything is noticed by the missing answer, and left', async () => {
  const { ann, conversation } = await world.twoPeople()
  const anns = await listenerOf(world, ann, conversation, { ...proxied, ackTimeoutMs: 500 })
  proxy.mode('blackhole')
  const { sent } = anns.client.send(conversation.id, { content: 'into the dark' })
  await anns.becomes('offline')
  proxy.cut()
  proxy.mode('pass')
  expect(await sent).toMatchObject({ seq: 1 })
  await anns.hears(['into the dark'])
})

test('a queue that was kept is sent by the next client, with the same ids', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  let kept: string | undefined
  const storage = {
    load: async () => (kept === undefined ? undefined : JSON.parse(kept)),
    save: (state: object) => void (kept = JSON.stringify(state)),
  }
  const first = clientOf(world, ann, { storage })
  const { clientMessageId, sent } = first.client.send(conversation.id, { content: 'kept' })
  await eventually(() => expect(kept).toContain(clientMessageId))
  first.client.close()
  await expect(sent).rejects.toMatchObject({ code: 'CLOSED' })

  const second = clientOf(world, ann, { storage })
  second.client.connect()
  await eventually(async () => expect(await bob.history(conversation)).toMatchObject([{ client_message_id: clientMessageId }]))
  await eventually(() => expect(JSON.parse(kept ?? '{}')).toMatchObject({ queue: [], syncToken: expect.any(String) }))
})

test('when a gateway is killed, every message is stored once and heard once, in order, by everybody', { timeout: 40_000 }, async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const doomed = await spawnGateway(world)
  // One address whose gateway changes, as behind a load balancer.
  const target = { host: '127.0.0.1', port: Number(new URL(doomed.url).port) }
  const line = await startTcpProxy(target)
  const moving = { socketUrl: `http://127.0.0.1:${line.port}` }
  const [anns, bobs] = await Promise.all([listenerOf(world, ann, conversation, moving), listenerOf(world, bob, conversation, moving)])
  const sends: Promise<unknown>[] = []
  const send = (content: string) => sends.push((content.endsWith('0') ? bobs : anns).client.send(conversation.id, { content }).sent)
  upTo(30).forEach(send)
  await eventually(() => expect(anns.contents().length).toBeGreaterThan(3))
  await doomed.kill()
  target.port = Number(new URL(world.gateways[1] ?? '').port)
  upTo(60).slice(30).forEach(send)
  await Promise.all(sends)

  await eventually(() => expect(bobs.contents()).toHaveLength(60))
  await eventually(() => expect(anns.contents()).toHaveLength(60))
  const history = (await bob.history(conversation, '?limit=100')).reverse()
  expect(history.map(({ seq }) => seq)).toEqual(upTo(60).map((_, i) => i + 1))
  for (const { told } of [anns, bobs]) expect(told('message').map(({ id }) => id)).toEqual(history.map(({ id }) => id))
  await line.close()
})
