import { operations, refusals, type OperationName, type RefusalCode } from '@viatra-chat/contract'
import { startWorld, toRestAnswer, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askOverRest, toRequest, transportsOf } from './ask-anything.js'
import { openCast, openScene, roles, stored, type Cast, type Role, type Scene } from './authorisation-scene.js'
import { authorisation, type Case } from './authorisation-table.js'

// Every operation of the contract × every kind of person × every transport it has, with its outcome from one table.

let world: World
let cast: Cast
beforeAll(async () => {
  world = await startWorld({ gateways: 1 })
  cast = await openCast(world)
})
afterAll(() => world.close())

const names = Object.keys(operations) as OperationName[]

test('every operation has its rows', () => {
  expect(Object.keys(authorisation).sort()).toEqual([...names].sort())
})

const connections = new Map<Person, Promise<Connection>>()
function connectionOf(person: Person): Promise<Connection> {
  const open = connections.get(person) ?? person.connect()
  connections.set(person, open)
  return open
}

type Outcome = 'ok' | RefusalCode

async function askRest(who: Person, name: OperationName, input: Record<string, unknown>): Promise<Outcome> {
  const { status, body } = await askOverRest(who, name, input)
  if (body.success) return 'ok'
  const code = body.code ?? 'INTERNAL'
  expect(status).toBe(refusals[code].status)
  return code
}

/** Whoever gets no socket is refused with what the handshake says. */
async function askSocket(who: Person, name: OperationName, input: Record<string, unknown>): Promise<Outcome> {
  try {
    const ack = await (await connectionOf(who)).ask(name, input)
    return ack.success ? 'ok' : ack.code
  } catch (error) {
    return (error as { data: { code: RefusalCode } }).data.code
  }
}

/** What is refused changes nothing, so that one scene serves for all refusals of a role. */
const untouched = new Map<Role, Promise<Scene>>()
function untouchedScene(role: Role): Promise<Scene> {
  const scene = untouched.get(role) ?? openScene(world, cast, role)
  untouched.set(role, scene)
  return scene
}

const ask = { rest: askRest, socket: askSocket }

describe.each(names.flatMap((name) => transportsOf(name).map((transport) => [name, transport] as const)))(
  '%s over %s',
  (name, transport) => {
    const rows = authorisation[name].flatMap((row) =>
      roles.map((role): [string, Role, Outcome, Case] => [row.what, role, row.outcome[role], row]),
    )

    test.each(rows)('%s, by %s: %s', async (_what, role, outcome, row) => {
      const scene = await (outcome === 'ok' ? openScene(world, cast, role) : untouchedScene(role))
      const before = await stored(world, scene.group)
      if (row.before) await ask[transport](scene.actor, row.before, row.input(scene))
      expect(await ask[transport](scene.actor, name, row.input(scene))).toBe(outcome)
      if (outcome !== 'ok') expect(await stored(world, scene.group)).toBe(before)
    })
  },
)

describe('without a token', () => {
  test.each(names.filter((name) => transportsOf(name).includes('rest')))('%s is refused before anything is looked at', async (name) => {
    const scene = await openScene(world, cast, 'owner')
    const before = await stored(world, scene.group)
    for (const row of authorisation[name])
      for (const input of [row.input(scene), { conversation_id: 'x', message_id: 'x', user_id: 'x' }]) {
        const { method, path, body } = toRequest(name, input)
        const headers = body && { 'content-type': 'application/json' }
        const answer = await fetch(`${world.apis[0]}${path}`, {
          method,
          ...(body && { body: JSON.stringify(body) }),
          ...(headers && { headers }),
        })
        expect((await toRestAnswer(answer)).verdict).toBe('401 TOKEN_MISSING')
      }
    expect(await stored(world, scene.group)).toBe(before)
  })
})

describe('an administrator', () => {
  test.each([
    ['in the database alone', 'admin', 'patient'],
    ['in the token alone', 'patient', 'admin'],
  ])('%s is none', async (_, inDatabase, inToken) => {
    const { message } = await openScene(world, cast, 'owner')
    const person = await world.person('Half', { role: inToken })
    await world.database.query('update users set role = $2 where id = $1', [person.id, inDatabase])
    expect(await askRest(person, 'read_message_as_admin', { message_id: message.id, reason: 'a complaint' })).toBe('FORBIDDEN')
  })

  test('is asked for a reason, and what they read is recorded', async () => {
    const { message } = await openScene(world, cast, 'owner')
    expect(await askRest(cast.administrator, 'read_message_as_admin', { message_id: message.id, reason: ' ' })).toBe('VALIDATION_ERROR')
    const rows = async () => (await world.database.query('select actor_id, action from audit_log where message_id = $1', [message.id])).rows
    expect(await rows()).toEqual([])
    expect(await askRest(cast.administrator, 'read_message_as_admin', { message_id: message.id, reason: 'a complaint' })).toBe('ok')
    expect(await rows()).toEqual([{ actor_id: cast.administrator.id, action: 'message_read_by_admin' }])
  })
})
