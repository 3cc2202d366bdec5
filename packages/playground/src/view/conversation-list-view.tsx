import type { Conversation } from '@viatra-chat/client'
import type { JSX, TargetedKeyboardEvent } from 'preact'
import type { Session } from '../model/session.js'
import { Avatar } from './avatar.js'
import { Icon } from './icons.js'
import { shortTime } from './times.js'
import { otherOf, previewOf, titleOf } from './titles.js'

export function ConversationListView({ session }: { session: Session }): JSX.Element {
  const { list, timeline } = session
  if (!list.isLoaded.value) return <p class="empty">Loading conversations …</p>
  if (list.items.value.length === 0) return <p class="empty">No conversations yet. Start one with the plus above.</p>
  return (
    <nav class="conversations" aria-label="Conversations">
      <ul onKeyDown={moveWithArrows}>
        {list.items.value.map((conversation) => (
          <li key={conversation.id}>
            <ConversationRow session={session} conversation={conversation} isOpen={timeline.value?.conversationId === conversation.id} />
          </li>
        ))}
      </ul>
      {list.hasMore.value ? (
        <button type="button" class="link-button more" onClick={() => void session.attempt(() => list.loadMore())}>
          More conversations
        </button>
      ) : null}
    </nav>
  )
}

function ConversationRow({
  session,
  conversation,
  isOpen,
}: {
  session: Session
  conversation: Conversation
  isOpen: boolean
}): JSX.Element {
  const meId = session.account.id
  const title = titleOf(conversation, meId)
  const other = otherOf(conversation, meId)
  const typing = session.people.typing.value.get(conversation.id) ?? []
  const { unread_count: unread } = conversation
  return (
    <button type="button" class="conversation-row" aria-current={isOpen} onClick={() => session.open(conversation.id)}>
      {other ? (
        <Avatar name={title} id={other.id} isOnline={session.people.presence.value.get(other.id)?.isOnline ?? false} />
      ) : (
        <span class="avatar avatar-medium avatar-group" aria-hidden="true">
          <Icon name="people" />
        </span>
      )}
      <span class="row-main">
        <span class="row-top">
          <span class="row-title">{title}</span>
          <time class="row-time" dateTime={conversation.last_message_at ?? conversation.created_at}>
            {shortTime(conversation.last_message_at ?? conversation.created_at, new Date())}
          </time>
        </span>
        <span class="row-bottom">
          <span class="row-preview">{typing.length > 0 ? 'typing …' : previewOf(conversation, meId)}</span>
          {unread > 0 ? (
            <span class="badge" role="img" aria-label={`${unread} unread`}>
              {unread > 99 ? '99+' : unread}
            </span>
          ) : null}
        </span>
      </span>
    </button>
  )
}

/** Arrow keys go from one conversation to the next; Enter, as on every button, opens it. */
function moveWithArrows(event: TargetedKeyboardEvent<HTMLUListElement>): void {
  const step = new Map([
    ['ArrowDown', 1],
    ['ArrowUp', -1],
  ]).get(event.key)
  if (step === undefined) return
  event.preventDefault()
  const rows = [...event.currentTarget.querySelectorAll<HTMLButtonElement>('button')]
  const at = rows.findIndex((row) => row === document.activeElement)
  rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.focus()
}
