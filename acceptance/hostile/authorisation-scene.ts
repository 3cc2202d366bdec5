import type { Conversation, Message } from '@viatra-chat/contract'
import type { Person, World } from '@viatra-chat/testkit'

export const roles = ['stranger', 'former', 'participant', 'moderator', 'owner', 'administrator', 'deactivated'] as const
export type Role = (typeof roles)[number]

/** One person of each kind, and some that things are done to. */
export type Cast = Record<Role | 'author' | 'secondModerator' | 'other', Person>

/** A group of its own, in which one of the cast asks for something. */
export interface Scene extends Omit<Cast, Role> {
  actor: Person
  owner: Person
  group: Conversation
  /** A message of the author. */
  message: Message
  /** A message of who asks, if they could ever write here. */
  own?: Message
}

export async function openCast(world: World): Promise<Cast> {
  const [stranger, former, participant, moderator, owner, author, secondModerator, other] = await world.people(
    ...(['Stranger', 'Former', 'Participant', 'Moderator', 'Owner', 'Author', 'Second', 'Other'] as const),
  )
  const administrator = await world.person('Administrator', { role: 'admin' })
  const deactivated = await world.person('Deactivated', { is_active: false })
  return { stranger, former, participant, moderator, owner, administrator, deactivated, author, secondModerator, other }
}

export async function openScene(world: World, cast: Cast, role: Role): Promise<Scene> {
  const { owner, moderator, participant, former, deactivated, author, secondModerator, other } = cast
  const members = [moderator, participant, former, author, secondModerator]
  const group = await owner.create({ type: 'group', participant_ids: members.map(({ id }) => id) })
  await enrol(world, group, deactivated)
  const path = `/api/v1/chat/conversations/${group.id}/participants`
  for (const { id } of [moderator, secondModerator]) await owner.rest('PATCH', `${path}/${id}`, { participant_role: 'moderator' })
  const actor = cast[role]
  const message = await author.send(group, 'theirs')
  const couldWrite = role === 'owner' || members.includes(actor)
  const own = couldWrite ? await actor.send(group, 'mine') : undefined
  await owner.rest('DELETE', `${path}/${former.id}`)
  return { actor, owner, author, secondModerator, other, group, message, ...(own && { own }) }
}

/** Makes a participant of somebody whom nobody could add: who is deactivated was active when they joined. */
export async function enrol({ database }: World, { id }: Conversation, { id: userId }: Person): Promise<void> {
  await database.query('insert into conversation_members (conversation_id, user_id) values ($1, $2)', [id, userId])
  await database.query('update conversations set participant_count = participant_count + 1 where id = $1', [id])
}

/** Everything that is stored of a group, as text: a refusal leaves it as it was. */
export async function stored({ database }: World, { id }: Conversation): Promise<string> {
  const tables = ['conversation_members', 'messages', 'former_members', 'receipt_marks']
  const parts = await Promise.all([
    database.query('select * from conversations where id = $1', [id]),
    ...tables.map((table) => database.query(`select * from ${table} where conversation_id = $1 order by 1, 2, 3`, [id])),
  ])
  return JSON.stringify(parts.map(({ rows }) => rows))
}
