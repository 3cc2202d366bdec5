import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Conversation } from '@viatra-chat/contract'
import { startWorld, type Person, type World } from '@viatra-chat/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkInvariants } from './check-invariants.js'
import { fuzzRest } from './fuzz-rest.js'
import { openFuzzSocket } from './fuzz-socket.js'
import { inputsFor, type FuzzInput } from './inputs.js'
import type { KnownIds } from './marks.js'

// Inputs made from the schemas of the contract, for every route and every event: fitting, nearly fitting, hostile, broken.
// FUZZ_INPUTS=1000000 asks for more of them, FUZZ_SEED for others; a failure names the seed that repeats it.

const inputs = Number(process.env.FUZZ_INPUTS ?? 50_000)
const seed = Number(process.env.FUZZ_SEED ?? 1)
/** Sockets take more of them in the same time. */
const restShare = 0.4
const timeout = 60_000 + inputs * 20

let world: World
let people: Person[]
let ids: KnownIds
/** What inputs came to, and how often. */
const outcomes = new Map<string, number>()
const note = (outcome: string) => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
beforeAll(async () => {
  world = await startWorld({ env: { RATE_LIMIT_MULTIPLIER: '1000000', SOCKET_CONNECTIONS_PER_USER: '10000', DATABASE_POOL_MAX: '10' } })
  people = [...(await world.people('Ann', 'Bob', 'Carl', 'Dora')), await world.person('Root', { role: 'admin' })]
})
afterAll(() => world.close())

/** Some conversations of some of them, with some messages, so that a known id is often one that the caller may use. */
async function populate([ann, bob, carl, dora, root]: Person[]): Promise<KnownIds> {
  if (!ann || !bob || !carl || !dora || !root) throw new Error('there are five people')
  const conversations: Conversation[] = [
    await ann.create({ participant_ids: [bob.id] }),
    await ann.create({ type: 'group', participant_ids: [bob.id, carl.id, root.id] }),
    await carl.create({ type: 'group', participant_ids: [dora.id] }),
    await dora.create({ type: 'channel', participant_ids: [ann.id, bob.id] }),
  ]
  const senders = [ann, bob, carl, dora]
  const messages: string[] = []
  for (const [n, conversation] of conversations.entries())
    for (let k = 0; k < 3; k++) messages.push(...[(await senders[n]?.send(conversation, `message ${k}`))?.id ?? []].flat())
  return {
    conversation: conversations.map(({ id }) => id),
    message: messages,
    person: [ann, bob, carl, dora, root].map(({ id }) => id),
  }
}

const batch = 1000
const inputsOver = { rest: inputsFor('rest'), socket: inputsFor('socket') }

/** Gives inputs to so many workers that take one after the other; ends with the first problems. */
async function fuzzWith(transport: 'rest' | 'socket', count: number, workers: ((input: FuzzInput) => Promise<string | undefined>)[]) {
  const problems: string[] = []
  for (let done = 0; done < count && problems.length === 0; done += batch) {
    // By then hostile people have left, deleted and given away most of what there was.
    if (done % 5000 === 0) ids = await populate(people)
    const sample = fc.sample(inputsOver[transport], { numRuns: Math.min(batch, count - done), seed: seed * 1_000_003 + done })
    let next = 0
    async function takeAll(work: (input: FuzzInput) => Promise<string | undefined>): Promise<void> {
      for (let input = sample[next++]; input; input = sample[next++]) {
        const problem = await work(input)
        if (problem) problems.push(`FUZZ_SEED=${seed}: ${problem}\n  ${JSON.stringify(input).slice(0, 1000)}`)
      }
    }
    await Promise.all(workers.map(takeAll))
  }
  return problems
}

/** Twenty pages at most: what is hostile has been spread over all of them. */
async function readToTheEnd(person: Person, { id }: Conversation): Promise<void> {
  let before = ''
  for (let page = 0; page < 20; page++) {
    const path = `/api/v1/chat/conversations/${id}/messages?limit=100${before}`
    const answer = await person.rest<{ pagination: { next_cursor: string | null } }>('GET', path)
    expect(answer.verdict).toBe('200')
    const { next_cursor } = answer.data.pagination
    if (next_cursor === null) return
    before = `&before=${next_cursor}`
  }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
function heapMegabytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed / 1024 / 1024
}

describe(`${inputs} inputs`, () => {
  let heapBefore: number
  test('over REST: every one is answered in the envelope, none with a fault', { timeout }, async () => {
    const workers = Array.from({ length: 16 }, () => (input: FuzzInput) => fuzzRest(world.apis[0] ?? '', people, input, { ids, note }))
    expect(await fuzzWith('rest', 2000, workers)).toEqual([])
    heapBefore = heapMegabytes()
    expect(await fuzzWith('rest', Math.ceil(inputs * restShare), workers)).toEqual([])
  })

  test(
    'over sockets: every event is acknowledged in the envelope, and only what is no event ends its connection',
    { timeout },
    async () => {
      const sockets = Array.from({ length: 15 }, (_, n) => openFuzzSocket(world.gateways[0] ?? '', people[n % people.length] as Person))
      const workers = sockets.map((socket) => (input: FuzzInput) => socket.fuzz(input, { ids, note }))
      expect(await fuzzWith('socket', Math.floor(inputs * (1 - restShare)), workers)).toEqual([])
      sockets.forEach((socket) => socket.end())
    },
  )

  test('are neither all refused nor all taken: they reach what lies behind the door', () => {
    console.log(`Fuzzing with seed ${seed}:`, Object.fromEntries([...outcomes].sort(([, a], [, b]) => b - a)))
    expect(outcomes.get('ok')).toBeGreaterThan(inputs / 20)
    for (const code of ['VALIDATION_ERROR', 'NOT_A_PARTICIPANT', 'MESSAGE_NOT_FOUND', 'FORBIDDEN', 'UNSUPPORTED_MEDIA_TYPE', 'closed'])
      expect(outcomes.get(code), code).toBeGreaterThan(0)
  })

  test('leave the data sound', async () => {
    expect(await checkInvariants(world.database)).toEqual([])
  })

  test('leave every conversation readable, to its end, by all of its people', { timeout }, async () => {
    for (const person of people) {
      const { data } = await person.rest<{ conversations: Conversation[] }>('GET', '/api/v1/chat/conversations?limit=50')
      for (const conversation of data.conversations) await readToTheEnd(person, conversation)
    }
  })

  test('leave nothing behind in the process: no prototype is changed, and memory does not grow with inputs', () => {
    expect(Object.keys(Object.prototype)).toEqual([])
    expect('isAdmin' in {}).toBe(false)
    expect(heapMegabytes() - heapBefore).toBeLessThan(100)
  })
})
