import type { EventName, OperationName } from '@viatra-chat/contract'
import { eventually, type Connection, type Person, type World } from '@viatra-chat/testkit'

/** What went over the wire, by operation and event, as the documents show it. */
export interface Recorded {
  rest: Record<string, { body?: unknown; answer: unknown }>
  asked: Record<string, { payload: unknown; answer: unknown }>
  told: Record<string, unknown>
}

const chat = '/api/v1/chat'
const personId = (n: number) => `01900000-0000-7000-8000-00000000000${n}` as Person['id']

/** A doctor and a patient talk; everything that the product offers happens once. */
export async function recordExamples(world: World): Promise<Recorded> {
  const recorded: Recorded = { rest: {}, asked: {}, told: {} }
  const anna = await world.person('Anna', { id: personId(1) })
  const elena = await world.person('Elena', { id: personId(2), role: 'doctor' })
  const grace = await world.person('Grace', { id: personId(3), role: 'nurse' })
  const nadia = await world.person('Nadia', { id: personId(4), role: 'admin' })
  await recordRest(recorded, { anna, elena, grace, nadia })
  await recordSockets(recorded, { anna, elena, grace })
  return recorded
}

interface People {
  anna: Person
  elena: Person
  grace: Person
}

interface Made {
  id: string
  grant_id: string
}
type Call = (name: OperationName, person: Person, method: string, path: string, body?: object) => Promise<Made>
type Told = { conversationId: string; messageId: string }

async function recordRest({ rest }: Recorded, { anna, elena, grace, nadia }: People & { nadia: Person }): Promise<void> {
  const call: Call = async (name, person, method, path, body) => {
    const { body: answer, data } = await person.rest<Made>(method, path, body)
    rest[name] = { ...(body && { body }), answer }
    return answer.data === undefined ? { id: '', grant_id: '' } : data
  }
  const { next } = (await elena.rest<{ next: string }>('GET', `${chat}/sync`)).data
  const group = { type: 'group', participant_ids: [anna.id], metadata: { name: 'Care team' } }
  const { id } = await call('create_conversation', elena, 'POST', `${chat}/conversations`, group)
  const at = `${chat}/conversations/${id}`
  const first = await anna.send({ id }, 'May I go swimming again?')
  const answer = { message_type: 'text', content: 'From Friday on.', parent_message_id: first.id, client_message_id: 'a1b2c3' }
  const message = await call('send_message', elena, 'POST', `${at}/messages`, answer)
  await call('list_conversations', anna, 'GET', `${chat}/conversations?limit=20`)
  await call('get_conversation', anna, 'GET', at)
  await call('list_messages', anna, 'GET', `${at}/messages?limit=50`)
  await call('mark_delivered', anna, 'POST', `${at}/delivered`, { message_ids: [message.id] })
  await call('mark_read', anna, 'POST', `${at}/read`, { message_ids: [message.id] })
  await call('list_receipts', elena, 'GET', `${chat}/messages/${message.id}/receipts`)
  await call('update_conversation', elena, 'PATCH', at, { metadata: { name: 'Care team cardiology' } })
  await call('add_participants', elena, 'POST', `${at}/participants`, { participant_ids: [grace.id] })
  await call('change_participant_role', elena, 'PATCH', `${at}/participants/${grace.id}`, { participant_role: 'moderator' })
  await call('sync', elena, 'GET', `${chat}/sync?since=${encodeURIComponent(next)}`)
  await call('remove_participant', elena, 'DELETE', `${at}/participants/${grace.id}`)
  await call('get_presence', anna, 'GET', `${chat}/presence?user_ids=${elena.id}`)
  await call('delete_message', elena, 'DELETE', `${chat}/messages/${message.id}`)
  await recordAdministration(call, { anna, elena, grace, nadia }, { conversationId: id, messageId: message.id })
  const device = { fcm_token: 'dGhpcyBpcyBhIHRva2Vu', device_id: 'pixel-8', platform: 'android' }
  await call('register_device', anna, 'POST', '/api/v1/auth/fcm-token', device)
  await call('forget_device', anna, 'DELETE', '/api/v1/auth/fcm-token', { fcm_token: device.fcm_token })
  await call('mute_conversation', anna, 'PUT', `${at}/mute`, {})
  await call('get_mute', anna, 'GET', `${at}/mute`)
  await call('unmute_conversation', anna, 'DELETE', `${at}/mute`)
  await call('set_quiet_hours', anna, 'PUT', `${chat}/quiet-hours`, { from: '22:00', to: '07:00', time_zone: 'Europe/Berlin' })
  await call('get_quiet_hours', anna, 'GET', `${chat}/quiet-hours`)
  await call('clear_quiet_hours', anna, 'DELETE', `${chat}/quiet-hours`)
}

async function recordAdministration(call: Call, { grace, nadia }: People & { nadia: Person }, { conversationId, messageId }: Told) {
  const admin = '/api/v1/admin'
  await call('read_message_as_admin', nadia, 'GET', `${admin}/messages/${messageId}?reason=Complaint%204711`)
  await call('list_pushes_as_admin', nadia, 'GET', `${admin}/pushes?message_id=${messageId}`)
  const access = { conversation_id: conversationId, minutes: 30, reason: 'Complaint 4711' }
  const { grant_id } = await call('grant_break_glass', nadia, 'POST', `${admin}/break-glass`, access)
  await call('list_messages_as_admin', nadia, 'GET', `${admin}/conversations/${conversationId}/messages`)
  await call('end_break_glass', nadia, 'DELETE', `${admin}/break-glass/${grant_id}`)
  await call('export_person', nadia, 'GET', `${admin}/people/${grace.id}/export?reason=Access%20request%204712`)
}

async function recordSockets({ asked, told }: Recorded, { anna, elena, grace }: People): Promise<void> {
  const annas = await anna.connect()
  await annas.settled()
  const elenas = await elena.connect()
  const ask = async (name: string, connection: Connection, payload: object) => {
    const answer = await connection.ask(name, payload)
    asked[name] = { payload, answer }
    return answer
  }
  const hear = async (name: EventName, connection: Connection = annas) => void (told[name] = await connection.hears(name))
  await hear('user_online')
  const { id: conversationId } = await elena.create({ participant_ids: [anna.id] })
  await hear('conversation_created')
  await ask('sync', annas, { limit: 200 })
  await ask('join_conversation', elenas, { conversationId })
  await elena.send({ id: conversationId }, 'Good morning!')
  await hear('conversation_activity')
  await annas.get('join_conversation', { conversationId })
  await ask('typing_start', elenas, { conversationId })
  await hear('user_typing')
  await ask('typing_stop', elenas, { conversationId })
  const sent = await ask('send_message', elenas, { conversationId, message_type: 'text', content: 'Hello!', client_message_id: 'd4e5f6' })
  await hear('new_message')
  const messageIds = [sent.success ? sent.data?.id : undefined]
  await ask('mark_delivered', annas, { conversationId, messageIds })
  await hear('message_delivered', elenas)
  await ask('mark_read', annas, { conversationId, messageIds })
  await hear('message_read', elenas)
  await elena.rest('DELETE', `${chat}/messages/${String(messageIds[0])}`)
  await hear('message_deleted')
  await ask('authenticate', annas, { token: anna.token })
  await ask('leave_conversation', annas, { conversationId })
  const group = await elena.create({ type: 'group', participant_ids: [anna.id, grace.id] })
  await annas.hears('conversation_created', ({ id }) => id === group.id)
  await elena.rest('PATCH', `${chat}/conversations/${group.id}`, { metadata: { name: 'Ward 2' } })
  await hear('conversation_updated')
  await elena.rest('DELETE', `${chat}/conversations/${group.id}/participants/${anna.id}`)
  await hear('conversation_removed')
  annas.socket.emit('join_conversation', { conversationId: 'not an id' })
  await hear('error')
  elenas.close()
  await eventually(async () => hear('user_offline'))
}
