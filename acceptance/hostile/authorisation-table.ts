import type { OperationName, RefusalCode } from '@viatra-chat/contract'
import { roles, type Role, type Scene } from './authorisation-scene.js'

/** One way to ask for an operation, and what each kind of person is told. */
export interface Case {
  what: string
  input: (scene: Scene) => Record<string, unknown>
  /** Asked before, over the same connection, whatever comes of it. */
  before?: OperationName
  outcome: Record<Role, 'ok' | RefusalCode>
}

type Outcomes = Case['outcome']

const everybody = (outcome: Outcomes[Role]): Outcomes => ({
  ...(Object.fromEntries(roles.map((role) => [role, outcome])) as Outcomes),
  deactivated: 'USER_INACTIVE',
})
const outsiders = { stranger: 'NOT_A_PARTICIPANT', former: 'NOT_A_PARTICIPANT', administrator: 'NOT_A_PARTICIPANT' } as const
const participants = (outcome: Outcomes[Role] = 'ok'): Outcomes => ({ ...everybody(outcome), ...outsiders })
const managers: Outcomes = { ...participants(), participant: 'FORBIDDEN' }
const owner: Outcomes = { ...managers, moderator: 'FORBIDDEN' }

const administrators: Outcomes = { ...everybody('FORBIDDEN'), administrator: 'ok' }

const here = ({ group }: Scene) => ({ conversation_id: group.id })
const one = (what: string, input: Case['input'], outcome: Outcomes): Case => ({ what, input, outcome })

/**
 * Who may do what: every operation of the contract has its rows here, or this file does not compile.
 * A row is asked over each transport that the operation has.
 */
export const authorisation: Record<OperationName, readonly [Case, ...Case[]]> = {
  list_conversations: [one('their own', () => ({}), everybody('ok'))],
  create_conversation: [one('with somebody', ({ other }) => ({ type: 'group', participant_ids: [other.id] }), everybody('ok'))],
  get_conversation: [one('one', here, participants())],
  update_conversation: [one('its metadata', (scene) => ({ ...here(scene), metadata: { name: 'Changed' } }), managers)],
  list_messages: [
    one('a page', here, participants()),
    one('before a message', (scene) => ({ ...here(scene), before: scene.message.id }), participants()),
    one('after a message', (scene) => ({ ...here(scene), after: scene.message.id }), participants()),
  ],
  send_message: [
    one('a text', (scene) => ({ ...here(scene), content: 'hello' }), participants()),
    one('a reply', (scene) => ({ ...here(scene), content: 'hello', parent_message_id: scene.message.id }), participants()),
    one('in the name of the system', (scene) => ({ ...here(scene), message_type: 'system', content: 'hello' }), participants('FORBIDDEN')),
  ],
  mark_read: [one('a message', (scene) => ({ ...here(scene), message_ids: [scene.message.id] }), participants())],
  mark_delivered: [one('a message', (scene) => ({ ...here(scene), message_ids: [scene.message.id] }), participants())],
  delete_message: [
    one('of somebody else', ({ message }) => ({ message_id: message.id }), participants('NOT_THE_SENDER')),
    one('their own, if they have one', ({ message, own }) => ({ message_id: (own ?? message).id }), participants()),
  ],
  list_receipts: [one('of a message', ({ message }) => ({ message_id: message.id }), participants())],
  add_participants: [one('somebody', (scene) => ({ ...here(scene), participant_ids: [scene.other.id] }), managers)],
  change_participant_role: [
    one('somebody’s', (scene) => ({ ...here(scene), user_id: scene.author.id, participant_role: 'moderator' }), owner),
    one('their own, to owner', (scene) => ({ ...here(scene), user_id: scene.actor.id, participant_role: 'owner' }), owner),
  ],
  remove_participant: [
    one('a member', (scene) => ({ ...here(scene), user_id: scene.author.id }), managers),
    one('a moderator', (scene) => ({ ...here(scene), user_id: scene.secondModerator.id }), owner),
    one('the owner', (scene) => ({ ...here(scene), user_id: scene.owner.id }), { ...owner, owner: 'ok' }),
    one('themselves', (scene) => ({ ...here(scene), user_id: scene.actor.id }), participants()),
  ],
  get_presence: [one('of somebody they may not know', ({ author }) => ({ user_ids: [author.id] }), everybody('ok'))],
  sync: [one('their own', () => ({}), everybody('ok'))],
  register_device: [one('their own', ({ actor }) => ({ fcm_token: `device-of-${actor.id}` }), everybody('ok'))],
  forget_device: [one('their own', ({ actor }) => ({ fcm_token: `device-of-${actor.id}` }), everybody('ok'))],
  read_message_as_admin: [one('any message', ({ message }) => ({ message_id: message.id, reason: 'a complaint' }), administrators)],
  grant_break_glass: [one('for a conversation', (scene) => ({ ...here(scene), minutes: 5, reason: 'a complaint' }), administrators)],
  end_break_glass: [one('of anybody', ({ group }) => ({ grant_id: group.id }), administrators)],
  list_messages_as_admin: [one('without emergency access', here, everybody('FORBIDDEN'))],
  export_person: [one('of anybody', ({ author }) => ({ user_id: author.id, reason: 'asked for' }), administrators)],
  mute_conversation: [one('one', here, participants())],
  unmute_conversation: [one('one', here, participants())],
  get_mute: [one('one', here, participants())],
  set_quiet_hours: [one('their own', () => ({ from: '22:00', to: '07:00', time_zone: 'UTC' }), everybody('ok'))],
  get_quiet_hours: [one('their own', () => ({}), everybody('ok'))],
  clear_quiet_hours: [one('their own', () => ({}), everybody('ok'))],
  list_pushes_as_admin: [one('of a message', ({ message }) => ({ message_id: message.id }), administrators)],
  join_conversation: [one('one', here, participants())],
  leave_conversation: [one('one', here, participants())],
  typing_start: [
    one('without having joined', here, participants('NOT_JOINED')),
    { what: 'after joining', input: here, before: 'join_conversation', outcome: participants() },
  ],
  typing_stop: [
    one('without having joined', here, participants('NOT_JOINED')),
    { what: 'after joining', input: here, before: 'join_conversation', outcome: participants() },
  ],
  authenticate: [
    one('with a token of their own', ({ actor }) => ({ token: actor.token }), everybody('ok')),
    one('with somebody else’s token', ({ author }) => ({ token: author.token }), everybody('FORBIDDEN')),
  ],
}
