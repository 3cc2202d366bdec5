import type { Conversation, Participant, ParticipantRole } from '@viatra-chat/client'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Account } from '../accounts.js'
import type { Session } from '../model/session.js'
import { Avatar } from './avatar.js'
import { Dialog } from './dialog.js'
import { IconButton } from './icons.js'
import { PeoplePicker } from './people-picker.js'
import { lastSeenText } from './times.js'
import { fullName, titleOf } from './titles.js'

interface MembersDialogProps {
  session: Session
  conversation: Conversation
  accounts: readonly Account[]
  onClose: () => void
}

/** Who takes part, and what the person may change about it. */
export function MembersDialog({ session, conversation, accounts, onClose }: MembersDialogProps): JSX.Element {
  const { account, client, list } = session
  const conversation_id = conversation.id
  const myRole = conversation.participants.find(({ id }) => id === account.id)?.participant_role ?? 'member'
  const isDirect = conversation.type === 'direct'
  const change = (work: () => Promise<Conversation>) => void session.attempt(async () => list.put(await work()))
  const leave = async () => {
    if (await session.attempt(() => client.call('remove_participant', { conversation_id, user_id: account.id }))) onClose()
  }
  return (
    <Dialog title={isDirect ? 'Participants' : titleOf(conversation, account.id)} onClose={onClose}>
      <div class="form">
        {myRole !== 'member' && !isDirect ? (
          <RenameRow key={conversation_id} session={session} conversation={conversation} change={change} />
        ) : null}
        <ul class="members" aria-label={`${conversation.participant_count} participants`}>
          {conversation.participants.map((participant) => (
            <MemberRow key={participant.id} {...{ session, participant, myRole, conversation_id, change }} isFixed={isDirect} />
          ))}
        </ul>
        {myRole !== 'member' && !isDirect ? <AddPeople {...{ session, conversation, accounts, change }} /> : null}
        {isDirect ? null : (
          <button type="button" class="danger" onClick={() => void leave()}>
            Leave this conversation
          </button>
        )}
      </div>
    </Dialog>
  )
}

type Change = (work: () => Promise<Conversation>) => void

function RenameRow({ session, conversation, change }: { session: Session; conversation: Conversation; change: Change }): JSX.Element {
  const [name, setName] = useState(typeof conversation.metadata.name === 'string' ? conversation.metadata.name : '')
  const rename = (event: Event) => {
    event.preventDefault()
    change(() => session.client.call('update_conversation', { conversation_id: conversation.id, metadata: { name: name.trim() || null } }))
  }
  return (
    <form class="inline-form" onSubmit={rename}>
      <label>
        Name
        <input value={name} maxLength={100} onInput={({ currentTarget }) => setName(currentTarget.value)} />
      </label>
      <button type="submit">Rename</button>
    </form>
  )
}

interface MemberRowProps {
  session: Session
  participant: Participant
  myRole: ParticipantRole
  conversation_id: string
  isFixed: boolean
  change: Change
}

function MemberRow(props: MemberRowProps): JSX.Element {
  const { session, participant } = props
  const { id } = participant
  const presence = session.people.presence.value.get(id)
  return (
    <li class="person-row">
      <Avatar name={fullName(participant)} id={id} size="small" isOnline={presence?.isOnline ?? false} />
      <span class="person-name">
        {fullName(participant)}
        {id === session.account.id ? ' (you)' : ''}
        <small>{presence?.isOnline ? 'Online' : lastSeenText(presence?.lastSeen ?? null, new Date())}</small>
      </span>
      <RoleChoice {...props} />
      <RemoveButton {...props} />
    </li>
  )
}

const roles = ['owner', 'moderator', 'member'] as const

function RoleChoice({ session, participant, myRole, conversation_id, isFixed, change }: MemberRowProps): JSX.Element {
  const { id, participant_role: role } = participant
  if (myRole !== 'owner' || id === session.account.id || isFixed) return <small class="role">{role}</small>
  const choose = (participant_role: ParticipantRole) =>
    change(() => session.client.call('change_participant_role', { conversation_id, user_id: id, participant_role }))
  return (
    <select
      aria-label={`Role of ${fullName(participant)}`}
      value={role}
      onChange={({ currentTarget }) => choose(currentTarget.value as ParticipantRole)}
    >
      {roles.map((each) => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  )
}

function RemoveButton({ session, participant, myRole, conversation_id, isFixed, change }: MemberRowProps): JSX.Element | null {
  const { id, participant_role: role } = participant
  const mayRemove = myRole === 'owner' || (myRole === 'moderator' && role === 'member')
  if (!mayRemove || isFixed || id === session.account.id) return null
  const remove = () => change(() => session.client.call('remove_participant', { conversation_id, user_id: id }))
  return <IconButton icon="close" label={`Remove ${fullName(participant)}`} onClick={remove} />
}

interface AddPeopleProps {
  session: Session
  conversation: Conversation
  accounts: readonly Account[]
  change: Change
}

function AddPeople({ session, conversation, accounts, change }: AddPeopleProps): JSX.Element | null {
  const [chosen, setChosen] = useState<string[]>([])
  const others = accounts.filter(({ id }) => !conversation.participant_ids.includes(id))
  if (others.length === 0) return null
  const add = () => {
    change(() => session.client.call('add_participants', { conversation_id: conversation.id, participant_ids: chosen }))
    setChosen([])
  }
  return (
    <details class="add-people">
      <summary>Add people</summary>
      <PeoplePicker legend="People to add" accounts={others} chosen={chosen} onChange={setChosen} />
      <button type="button" class="primary" disabled={chosen.length === 0} onClick={add}>
        Add {chosen.length > 0 ? chosen.length : ''}
      </button>
    </details>
  )
}
