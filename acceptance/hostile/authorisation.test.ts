import { operations, refusals, type OperationName, type RefusalCode } from '@viatra-chat/contract'
import { eventually, startWorld, toRestAnswer, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askOverRest, toRequest, transportsOf } from './ask-anything.js'
import { enrol, openCast, openScene, roles, stored, type Cast, type Role, type Scene } from './authorisation-scene.js'
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
    const scene = await openScene(world, cast, 'owner')
    const half = await world.person('Half', { role: inToken })
    await world.database.query('update users set role = $2 where id = $1', [half.id, inDatabase])
    const asked = names.filter((name) =>
      authorisation[name].some(({ outcome }) => outcome.administrator === 'ok' && outcome.owner === 'FORBIDDEN'),
    )
    expect(asked).toContain('grant_break_glass')
    for (const name of asked)
      for (const row of authorisation[name]) expect(await askRest(half, name, row.input(scene)), name).toBe('FORBIDDEN')
    await enrol(world, scene.group, half)
    const announce = { conversation_id: scene.group.id, message_type: 'system', content: 'The ward is closed.' }
    for (const transport of ['rest', 'socket'] as const) expect(await ask[transport](half, 'send_message', announce)).toBe('FORBIDDEN')
  })

  test('is asked for a reason, and what they read is recorded', async () => {
    const { message } = await openScene(world, cast, 'owner')
    expect(await askRest(cast.administrator, 'read_message_as_admin', { message_id: message.id, reason: ' ' })).toBe('VALIDATION_ERROR')
    const rows = async () => (await world.database.query('select actor_id, action from audit_log where message_id = $1', [message.id])).rows
    expect(await rows()).toEqual([])
    expect(await askRest(cast.administrator, 'read_message_as_admin', { message_id: message.id, reason: 'a complaint' })).toBe('ok')
    expect(await rows()).toEqual([{ actor_id: cast.administrator.id, action: 'message_read_by_admin' }])
  })

  test('is none any more once the database says so, on a connection that is open too', async () => {
    const [bob] = await world.people('Bob')
    const root = await world.person('Root', { role: 'admin' })
    const { id } = await bob.create({ type: 'group', participant_ids: [root.id] })
    const announce = { conversation_id: id, message_type: 'system', content: 'The ward is closed.' }
    expect([await askRest(root, 'send_message', announce), await askSocket(root, 'send_message', announce)]).toEqual(['ok', 'ok'])
    await world.database.query(`update users set role = 'patient' where id = $1`, [root.id])
    for (const transport of ['rest', 'socket'] as const)
      await eventually(async () => expect(await ask[transport](root, 'send_message', announce), transport).toBe('FORBIDDEN'))
    expect(await askSocket(root, 'send_message', { ...announce, message_type: 'text' })).toBe('ok')
  })

  test('sees nothing that could not be recorded', async () => {
    const scene = await openScene(world, cast, 'administrator')
    const { actor, author, message, group } = scene
    await actor.rest('POST', '/api/v1/admin/break-glass', { conversation_id: group.id, minutes: 5, reason: 'a complaint' })
    const looks = [
      ['read_message_as_admin', { message_id: message.id, reason: 'a complaint' }],
      ['list_messages_as_admin', { conversation_id: group.id }],
      ['export_person', { user_id: author.id, reason: 'asked for' }],
    ] as const
    await world.database.query('alter table audit_log add constraint full_disk check (false) not valid')
    const answers = []
    for (const [name, input] of looks) answers.push(await askOverRest(actor, name, input))
    await world.database.query('alter table audit_log drop constraint full_disk')
    expect(answers.map(({ verdict }) => verdict)).toEqual(looks.map(() => '500 INTERNAL'))
    expect(JSON.stringify(answers.map(({ body }) => body))).not.toMatch(/theirs|full_disk|audit_log/)
    for (const [name, input] of looks) expect(await askRest(actor, name, input)).toBe('ok')
  })
})
