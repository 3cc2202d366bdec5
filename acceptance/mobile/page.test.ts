import { randomUUID } from 'node:crypto'
import { events } from '@viatra-chat/contract'
import { forgeToken, secondsFromNow, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectFit, fillIn, misfit, type Names } from './names.js'
import { openRaw, type RawSocket } from './raw-socket.js'
import { readExchange, readFrames, readPage, splitFrame, type Block } from './read-page.js'

// docs/mobile.md, done: its frames and requests in their order, each compared with what comes back.

const page = readPage()
const names: Names = new Map()
let world: World
let ann: Person
let bob: Person
let socket: RawSocket
beforeAll(async () => {
  world = await startWorld()
  const talk = await world.twoPeople()
  ;({ ann, bob } = talk)
  const token = (seconds: number) => forgeToken({ userId: ann.id, exp: secondsFromNow(seconds) })
  const known = {
    conversation: talk.conversation.id,
    me: ann.id,
    other: bob.id,
    key: randomUUID(),
    token: ann.token,
    fresh: token(7200),
    expired: token(-60),
  }
  for (const [name, value] of Object.entries(known)) names.set(name, value)
})
afterAll(() => world.close())

const played = page.filter(({ language }) => ['wire', 'http', 'comment'].includes(language))
test.each(played.map((block, n) => [`${n + 1}. ${block.section}`, block] as const))('%s', async (_, block) => {
  if (block.language === 'wire') await playFrames(block)
  else if (block.language === 'http') await playExchange(block)
  else await playComment(block.text)
})

/** Blocks that begin with the server's greeting are on a connection of their own; the others on the first one. */
async function playFrames({ text }: Block): Promise<void> {
  const frames = readFrames(text)
  if (text.includes('{brief}')) names.set('brief', forgeToken({ userId: ann.id, exp: secondsFromNow(2) }))
  const isNew = frames[0]?.head === '0'
  const own = isNew ? await openRaw(world.gateways[0] ?? '') : socket
  for (const { direction, head, body } of frames) {
    if (direction === '→') own.send(head + (body === undefined ? '' : fillIn(JSON.stringify(body), names)))
    else
      await own.take((frame) => {
        const seen = splitFrame(frame)
        return seen.head === head ? misfit(body, seen.body, names) : 'another kind'
      })
  }
  if (isNew && !socket) socket = own
  else if (isNew) own.close()
}

async function playExchange({ text }: Block): Promise<void> {
  const { method, path, headers, body, status, answer } = readExchange(text)
  const response = await fetch(`${world.apis[0]}${fillIn(path, names)}`, {
    method,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fillIn(value, names)])),
    ...(body !== undefined && { body: fillIn(body, names) }),
  })
  const seen: unknown = await response.json()
  expectFit(answer, seen, names)
  expect(response.status).toBe(status)
}

async function playComment(comment: string): Promise<void> {
  const sends = /^the other one sends "(?<content>.+)"(?<pushed> and it is pushed)?$/.exec(comment)?.groups
  if (!sends) throw new Error(`nobody knows how to do this: ${comment}`)
  const message = await bob.send({ id: String(names.get('conversation')) }, sends.content ?? '')
  if (sends.pushed) names.set('pushed', message.id)
}

describe('snippets say the same as the frames', () => {
  const languages = ['dart', 'swift', 'kotlin']
  const sections = [...new Set(page.filter(({ language }) => languages.includes(language)).map(({ section }) => section))]
  const cases = sections.flatMap((section) => languages.map((language) => [section, language] as const))

  test.each(cases)('%s: %s', (section, language) => {
    const blocks = page.filter((block) => block.section === section)
    const code = blocks
      .filter((block) => block.language === language)
      .map(({ text }) => text)
      .join('\n')
    const asked = asksOf(code)
    const sent = blocks
      .filter((block) => block.language === 'wire')
      .flatMap(({ text }) => readFrames(text))
      .filter(({ direction }) => direction === '→')
    const requests = blocks.filter((block) => block.language === 'http').map(({ text }) => readExchange(text))
    for (const { name, keys } of asked.events)
      expect(
        sent.map(({ body }) => body),
        name,
      ).toContainEqual([name, expect.toSatisfy((payload: object) => sameNames(Object.keys(payload), keys))])
    for (const { method, path, keys } of asked.requests)
      expect(
        requests.map((request) => [
          request.method,
          request.path.replaceAll(/\{\w+\}/g, '*'),
          Object.keys(JSON.parse(request.body ?? '{}') as object),
        ]),
      ).toContainEqual([method, path, keys])
    if (section === 'Connecting') expect(keysOf(code, /'token'|"token"/g)).toEqual(['token'])
    else expect(asked.events.length + asked.requests.length).toBeGreaterThan(0)
    for (const event of code.matchAll(/\.on\(['"](\w+)['"]/g))
      expect([...Object.keys(events), 'connect', 'connect_error', 'disconnect']).toContain(event[1])
  })
})

const sameNames = (some: readonly string[], others: readonly string[]) => some.toSorted().join() === others.toSorted().join()
const keysOf = (code: string, pattern: RegExp) => [...new Set([...code.matchAll(pattern)].map(([key]) => key.replaceAll(/\W/g, '')))]

/** What a snippet asks: names and keys, whichever of the three languages it is in. */
function asksOf(code: string) {
  const key = /['"](\w+)['"](?:\s*:| to )/g
  const lines = code.split('\n')
  const asks = lines.flatMap((line) => [...line.matchAll(/\bask\(['"](\w+)['"](.*)/g)])
  const calls = lines.flatMap((line) => [...line.matchAll(/\bapi\.(get|post)\(['"]([^'"]+)['"](.*)/g)])
  return {
    events: asks.map(([, name = '', rest = '']) => ({ name, keys: [...rest.matchAll(key)].map(([, one = '']) => one) })),
    requests: calls.map(([, method = '', path = '', rest = '']) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\$\w+|\\\(\w+\)/g, '*'),
      keys: [...rest.matchAll(key)].map(([, one = '']) => one),
    })),
  }
}
