import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Account } from '../accounts.js'
import type { Session } from '../model/session.js'
import { Dialog } from './dialog.js'
import { PeoplePicker } from './people-picker.js'

/** One other person makes a direct conversation, several make a group. */
export function NewConversationDialog({
  session,
  accounts,
  onClose,
}: {
  session: Session
  accounts: readonly Account[]
  onClose: () => void
}): JSX.Element {
  const [chosen, setChosen] = useState<string[]>([])
  const [name, setName] = useState('')
  const isGroup = chosen.length > 1
  const create = async (event: Event) => {
    event.preventDefault()
    await session.attempt(async () => {
      const conversation = await session.client.call('create_conversation', {
        type: isGroup ? 'group' : 'direct',
        participant_ids: chosen,
        ...(isGroup && name.trim() !== '' && { metadata: { name: name.trim() } }),
      })
      session.list.put(conversation)
      session.open(conversation.id)
    })
    onClose()
  }
  return (
    <Dialog title="New conversation" onClose={onClose}>
      <form class="form" onSubmit={(event) => void create(event)}>
        <PeoplePicker
          legend="With"
          accounts={accounts.filter(({ id }) => id !== session.account.id)}
          chosen={chosen}
          onChange={setChosen}
        />
        {isGroup ? (
          <label>
            Name of the group
            <input value={name} maxLength={100} placeholder="Optional" onInput={({ currentTarget }) => setName(currentTarget.value)} />
          </label>
        ) : null}
        <button type="submit" class="primary" disabled={chosen.length === 0}>
          {isGroup ? `Create a group of ${chosen.length + 1}` : 'Start the conversation'}
        </button>
      </form>
    </Dialog>
  )
}
