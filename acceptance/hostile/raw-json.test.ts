import { eventually, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSession } from './raw-socket.js'

// JSON as a library would not write it: numbers without end, keys twice, names of the prototype. The same over both transports.

let world: World
let ann: Person
let conversationId: string
beforeAll(async () => {
  world = await startWorld()
  const people = await world.twoPeople()
  ann = people.ann
  conversationId = people.conversation.id
})
afterAll(() => world.close())

interface Envelope {
  code?: string
  data?: { content: string; metadata: Record<string, unknown> }
}

const transports = {
  async rest(json: string): Promise<Envelope> {
    const { body } = await ann.rest('POST', `/api/v1/chat/conversations/${conversationId}/messages`, json)
    const envelope: unknown = body
    return envelope as Envelope
  },
  async socket(json: string): Promise<Envelope> {
    const raw = await openSession(world.gateways[0] ?? '', ann.token)
    raw.send(`421["send_message",{"conversationId":"${conversationId}",${json.slice(1)}]`)
    const [envelope] = JSON.parse((await raw.receives(/^431\[/)).slice(3)) as [Envelope]
    raw.end()
    return envelope
  },
}

const withMetadata = (metadata: string) => `{"content":"x","metadata":${metadata}}`

describe.each(Object.entries(transports))('over %s', (_, send) => {
  test.each(['1e400', '-1e400', '1e999999', '[1e400]', '{"b":[{"c":-1e400}]}'])(
    'a number beyond all numbers is refused: %s',
    async (json) => {
      expect(await send(withMetadata(`{"a":${json}}`))).toMatchObject({ code: 'VALIDATION_ERROR' })
    },
  )

  test.each(['0', '-0', '1e308', '5e-324', '9007199254740991', '0.1', '1E2', '-1.5e-10'])(
    'any other number comes back as JSON has it: %s',
    async (json) => {
      const { data } = await send(withMetadata(`{"a":${json}}`))
      expect(JSON.stringify(data?.metadata)).toBe(JSON.stringify({ a: JSON.parse(json) as number }))
    },
  )

  test('an integer beyond 2^53 comes back as the next double, the same everywhere', async () => {
    const { data } = await send(withMetadata('{"a":9007199254740993}'))
    expect(data?.metadata).toEqual({ a: 9007199254740992 })
    expect((await ann.history({ id: conversationId }, '?limit=1'))[0]?.metadata).toEqual({ a: 9007199254740992 })
  })

  test('of a key that comes twice the last one counts', async () => {
    const { data } = await send('{"content":"first","content":"last","metadata":{"a":1,"a":2}}')
    expect(data).toMatchObject({ content: 'last', metadata: { a: 2 } })
  })

  test.each(['{"__proto__":{"isAdmin":true}}', '{"a":{"__proto__":1}}', '{"constructor":{"prototype":{"isAdmin":true}}}'])(
    'a key that names a prototype is refused and changes none: %s',
    async (json) => {
      expect(await send(withMetadata(json))).toMatchObject({ code: 'VALIDATION_ERROR' })
      expect('isAdmin' in {}).toBe(false)
    },
  )

  test('keys that only look like it are kept', async () => {
    const metadata = { constructor: 'x', prototype: 1, toString: 'y', hasOwnProperty: null, _: 2, $ne: 3, 'a.b': 4, '': 5 }
    expect((await send(withMetadata(JSON.stringify(metadata)))).data?.metadata).toEqual(metadata)
  })
})

test('a depth of twenty thousand levels is refused as anything too deep', async () => {
  const deep = '{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000)
  for (const send of Object.values(transports)) expect(await send(withMetadata(deep))).toMatchObject({ code: 'VALIDATION_ERROR' })
  await eventually(async () => expect((await ann.history({ id: conversationId })).length).toBeGreaterThan(0))
})
