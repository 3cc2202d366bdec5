import type { Conversation, Message } from '@viatra-chat/client'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Account } from '../accounts.js'
import type { Session } from '../model/session.js'
import type { Timeline } from '../model/timeline.js'
import { Avatar } from './avatar.js'
import { Composer } from './composer.js'
import { Icon, IconButton } from './icons.js'
import { MembersDialog } from './members-dialog.js'
import { TimelineView } from './timeline-view.js'
import { lastSeenText } from './times.js'
import { otherOf, titleOf } from './titles.js'

interface ConversationViewProps {
  session: Session
  timeline: Timeline
  conversation: Conversation
  accounts: readonly Account[]
}

export function ConversationView({ session, timeline, conversation, accounts }: ConversationViewProps): JSX.Element {
  const [replyTo, setReplyTo] = useState<Message>()
  const [showsMembers, setShowsMembers] = useState(false)
  const { account } = session
  const mayPost = conversation.type !== 'channel' || roleOf(conversation, account.id) !== 'member'
  return (
    <section class="conversation" aria-label={titleOf(conversation, account.id)}>
      <ConversationHeader session={session} conversation={conversation} onMembers={() => setShowsMembers(true)} />
      <TimelineView session={session} timeline={timeline} conversation={conversation} onReply={setReplyTo} />
      {mayPost ? (
        <Composer session={session} conversationId={conversation.id} replyTo={replyTo} onReplyDone={() => setReplyTo(undefined)} />
      ) : (
        <p class="read-only">Only the owner and moderators write in this channel.</p>
      )}
      {showsMembers ? (
        <MembersDialog session={session} conversation={conversation} accounts={accounts} onClose={() => setShowsMembers(false)} />
      ) : null}
    </section>
  )
}

const roleOf = (conversation: Conversation, id: string) =>
  conversation.participants.find((each) => each.id === id)?.participant_role ?? 'member'

function ConversationHeader({
  session,
  conversation,
  onMembers,
}: {
  session: Session
  conversation: Conversation
  onMembers: () => void
}): JSX.Element {
  const meId = session.account.id
  const other = otherOf(conversation, meId)
  const presence = other && session.people.presence.value.get(other.id)
  const title = titleOf(conversation, meId)
  return (
    <header class="conversation-header">
      <span class="only-narrow">
        <IconButton icon="back" label="Back to the conversations" onClick={session.leaveView} />
      </span>
      {other ? (
        <Avatar name={title} id={other.id} isOnline={presence?.isOnline ?? false} />
      ) : (
        <span class="avatar avatar-medium avatar-group" aria-hidden="true">
          <Icon name="people" />
        </span>
      )}
      <div class="header-words">
        <h2>{title}</h2>
        <p class="presence" aria-live="polite">
          {other
            ? presence?.isOnline
              ? 'Online'
              : lastSeenText(presence?.lastSeen ?? null, new Date())
            : groupText(session, conversation)}
        </p>
      </div>
      <IconButton icon="people" label="Participants" onClick={onMembers} />
    </header>
  )
}

function groupText({ people }: Session, { type, participant_count, participants }: Conversation): string {
  const online = participants.filter(({ id }) => people.presence.value.get(id)?.isOnline).length
  return `${type === 'channel' ? 'Channel' : 'Group'} of ${participant_count}, ${online} online`
}
