import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { nameOf, type Account } from '../accounts.js'
import { Session } from '../model/session.js'
import { Avatar } from './avatar.js'
import { ConnectionBanner } from './connection-banner.js'
import { ConversationListView } from './conversation-list-view.js'
import { ConversationView } from './conversation-view.js'
import { IconButton } from './icons.js'
import { Inspector } from './inspector.js'
import { NewConversationDialog } from './new-conversation-dialog.js'

interface PaneProps {
  account: Account
  /** Everybody that is known, to talk to. */
  accounts: readonly Account[]
  onLeave: () => void
}

/** One person's chat, whole. */
export function Pane({ account, accounts, onLeave }: PaneProps): JSX.Element {
  const session = useMemo(() => new Session(account), [account])
  useEffect(() => session.close, [session])
  const [showsInspector, setShowsInspector] = useState(false)
  const [isCreating, setCreating] = useState(false)
  const { timeline, conversation } = session
  return (
    <section class={`pane ${timeline.value ? 'pane-talks' : ''}`} aria-label={`Chat of ${nameOf(account)}`}>
      <header class="pane-header">
        <Avatar name={nameOf(account)} id={account.id} isOnline={session.state.value === 'online'} />
        <div class="header-words">
          <h1>{nameOf(account)}</h1>
          <p class="presence">
            {account.role} · {stateWords[session.state.value]}
          </p>
        </div>
        <IconButton icon="plus" label="New conversation" onClick={() => setCreating(true)} />
        <IconButton icon="pulse" label="Inspector" aria-pressed={showsInspector} onClick={() => setShowsInspector(!showsInspector)} />
        <IconButton icon="leave" label={`Stop being ${nameOf(account)}`} onClick={onLeave} />
      </header>
      <ConnectionBanner session={session} />
      <div class="pane-body">
        <div class="side">
          <ConversationListView session={session} />
        </div>
        <div class="main">
          {timeline.value && conversation.value ? (
            <ConversationView
              key={conversation.value.id}
              session={session}
              timeline={timeline.value}
              conversation={conversation.value}
              accounts={accounts}
            />
          ) : (
            <p class="empty">Choose a conversation, or start one.</p>
          )}
        </div>
      </div>
      {showsInspector ? <Inspector session={session} onClose={() => setShowsInspector(false)} /> : null}
      <Notice session={session} />
      {isCreating ? <NewConversationDialog session={session} accounts={accounts} onClose={() => setCreating(false)} /> : null}
    </section>
  )
}

const stateWords = { online: 'online', offline: 'offline', connecting: 'connecting …', closed: 'closed' }

/** What went wrong last, until it is put away. */
function Notice({ session }: { session: Session }): JSX.Element {
  return (
    <div role="alert" class="notice-place">
      {session.notice.value === undefined ? null : (
        <p class="notice">
          <span>{session.notice.value}</span>
          <IconButton icon="close" label="Dismiss" onClick={session.dismiss} />
        </p>
      )}
    </div>
  )
}
