import type { Conversation, Message } from '@viatra-chat/client'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Session } from '../model/session.js'
import type { Timeline } from '../model/timeline.js'
import { Dialog } from './dialog.js'
import { Icon } from './icons.js'
import { MessageItem } from './message-item.js'
import { OutgoingItem } from './outgoing-item.js'
import { dayName, isSameDay } from './times.js'
import { useStickyScroll } from './sticky-scroll.js'
import { TypingLine } from './typing-line.js'

interface TimelineViewProps {
  session: Session
  timeline: Timeline
  conversation: Conversation
  onReply: (message: Message) => void
}

// Messages of one person within it look like one.
const continuedWithinMs = 5 * 60 * 1000

export function TimelineView({ session, timeline, conversation, onReply }: TimelineViewProps): JSX.Element {
  const messages = timeline.messages.value
  const outgoing = session.outbox.items.value.filter(({ conversationId }) => conversationId === timeline.conversationId)
  const typing = session.people.typing.value.get(timeline.conversationId) ?? []
  const scroll = useStickyScroll({
    first: messages[0]?.id,
    changes: [messages, typing.length],
    own: outgoing.length,
    onTop: () => void timeline.loadOlder(),
  })
  return (
    <div class="timeline" ref={scroll.box} onScroll={scroll.onScroll} tabIndex={0} role="region" aria-label="Messages">
      <HistoryEdge timeline={timeline} />
      <ol aria-live="polite" aria-relevant="additions" aria-label="Messages, oldest first">
        {messages.map((message, index) => (
          <li key={message.id} id={elementId(session, message.id)} tabIndex={-1}>
            <Entry {...{ session, conversation, message, onReply }} previous={messages[index - 1]} />
          </li>
        ))}
        {outgoing.map((item) => (
          <li key={item.key}>
            <OutgoingItem outgoing={item} outbox={session.outbox} />
          </li>
        ))}
      </ol>
      <TypingLine session={session} userIds={typing} />
      {scroll.isAtEnd ? null : (
        <button type="button" class="to-end" onClick={scroll.toEnd} aria-label="Go to the newest message" title="Go to the newest message">
          <Icon name="down" />
        </button>
      )}
    </div>
  )
}

function HistoryEdge({ timeline }: { timeline: Timeline }): JSX.Element | null {
  const { value: failure } = timeline.failure
  if (failure) {
    return (
      <p class="history-edge">
        {failure}{' '}
        <button type="button" class="link-button" onClick={() => void (timeline.isLoaded.value ? timeline.loadOlder() : timeline.reload())}>
          Try again
        </button>
      </p>
    )
  }
  if (timeline.loading.value) return <p class="history-edge">Loading messages …</p>
  if (timeline.hasOlder.value) {
    return (
      <p class="history-edge">
        <button type="button" class="link-button" onClick={() => void timeline.loadOlder()}>
          Older messages
        </button>
      </p>
    )
  }
  return (
    <p class="history-edge">
      {timeline.messages.value.length === 0 ? 'No messages yet. Say hello!' : 'The beginning of this conversation'}
    </p>
  )
}

interface EntryProps {
  session: Session
  conversation: Conversation
  message: Message
  previous: Message | undefined
  onReply: (message: Message) => void
}

function Entry({ session, conversation, message, previous, onReply }: EntryProps): JSX.Element {
  const startsDay = !previous || !isSameDay(previous.created_at, message.created_at)
  const { client, timeline } = session
  const [isDeleting, setDeleting] = useState(false)
  const remove = async () => {
    setDeleting(false)
    if (await session.attempt(() => client.call('delete_message', { message_id: message.id }))) timeline.value?.takeDeletion(message.id)
  }
  return (
    <>
      {startsDay ? <h3 class="day">{dayName(message.created_at, new Date())}</h3> : null}
      <MessageItem
        message={message}
        isMine={message.sender_id === session.account.id}
        isContinued={!startsDay && isContinued(previous, message)}
        showsSender={conversation.type !== 'direct'}
        others={conversation.participant_count - 1}
        onReply={() => onReply(message)}
        onDelete={() => setDeleting(true)}
        onShowParent={() => showMessage(session, message.parent_message_id)}
      />
      {isDeleting ? <DeleteDialog onClose={() => setDeleting(false)} onDelete={() => void remove()} /> : null}
    </>
  )
}

function DeleteDialog({ onClose, onDelete }: { onClose: () => void; onDelete: () => void }): JSX.Element {
  return (
    <Dialog title="Delete this message?" onClose={onClose}>
      <div class="form">
        <p>It goes away for everyone in the conversation.</p>
        <button type="button" class="danger" onClick={onDelete}>
          Delete
        </button>
      </div>
    </Dialog>
  )
}

function isContinued(previous: Message, message: Message): boolean {
  if (previous.sender_id !== message.sender_id || previous.message_type === 'system') return false
  return new Date(message.created_at).getTime() - new Date(previous.created_at).getTime() < continuedWithinMs
}

// Two people in one page show the same messages: the id of an element has both.
const elementId = (session: Session, messageId: string) => `${session.account.id}-${messageId}`

function showMessage(session: Session, messageId: string | null): void {
  const element = messageId === null ? null : document.getElementById(elementId(session, messageId))
  element?.scrollIntoView({ block: 'center', behavior: 'smooth' })
  element?.focus({ preventScroll: true })
}
