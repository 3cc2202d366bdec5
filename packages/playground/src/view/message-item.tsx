import type { Message, Metadata } from '@viatra-chat/client'
import type { JSX } from 'preact'
import { IconButton, Icon } from './icons.js'
import { Avatar } from './avatar.js'
import { isWebAddress, RichText, SafeLink } from './rich-text.js'
import { Ticks } from './ticks.js'
import { clockTime } from './times.js'
import { contentOf, fullName } from './titles.js'

interface MessageItemProps {
  message: Message
  isMine: boolean
  /** Goes on with what the same person said just before. */
  isContinued: boolean
  showsSender: boolean
  /** How many people besides the sender are to get it. */
  others: number
  onReply: () => void
  onDelete: () => void
  onShowParent: () => void
}

export function MessageItem(props: MessageItemProps): JSX.Element {
  const { message, isMine, isContinued, showsSender, others } = props
  if (message.message_type === 'system') return <p class="system-message">{message.content}</p>
  return (
    <div class={`message ${isMine ? 'mine' : 'theirs'} ${isContinued ? 'continued' : ''}`}>
      {showsSender && !isMine ? <SenderPicture message={message} isContinued={isContinued} /> : null}
      <div class="bubble">
        <span class={showsSender && !isMine && !isContinued ? 'sender' : 'unseen'}>{isMine ? 'You' : fullName(message.sender)}</span>
        {message.parent ? <QuoteLine parent={message.parent} onShow={props.onShowParent} /> : null}
        <Content message={message} />
        <span class="meta">
          <time dateTime={message.created_at}>{clockTime(message.created_at)}</time>
          {isMine ? <Ticks message={message} others={others} /> : null}
        </span>
      </div>
      <Actions {...props} />
    </div>
  )
}

/** Once for what one person says in a row; the others keep its place. */
function SenderPicture({ message, isContinued }: { message: Message; isContinued: boolean }): JSX.Element {
  return (
    <span class="message-avatar">
      {isContinued ? null : <Avatar name={fullName(message.sender)} id={message.sender_id} size="small" />}
    </span>
  )
}

function Actions({ message, isMine, onReply, onDelete }: MessageItemProps): JSX.Element {
  const whose = isMine ? 'your' : `${fullName(message.sender)}’s`
  return (
    <span class="message-actions">
      <IconButton icon="reply" label={`Reply to ${whose} message`} onClick={onReply} />
      {isMine ? <IconButton icon="bin" label="Delete your message" onClick={onDelete} /> : null}
    </span>
  )
}

function QuoteLine({ parent, onShow }: { parent: NonNullable<Message['parent']>; onShow: () => void }): JSX.Element {
  return (
    <button type="button" class="quote" onClick={onShow} aria-label="Show the message that this replies to">
      {parent.is_deleted ? <em>Deleted message</em> : (parent.content ?? 'Attachment')}
    </button>
  )
}

function Content({ message }: { message: Message }): JSX.Element {
  return (
    <>
      {message.message_type === 'image' || message.message_type === 'file' ? <Attachment message={message} /> : null}
      {message.content ? (
        <span class="text" dir="auto">
          <RichText text={message.content} />
        </span>
      ) : null}
    </>
  )
}

/** A link to what is attached. Nothing of it is loaded here. */
function Attachment({ message }: { message: Message }): JSX.Element {
  const { attachment_url, file_name, file_size } = message.metadata
  const name = typeof file_name === 'string' ? file_name : contentOf({ ...message, content: null })
  const isLink = typeof attachment_url === 'string' && isWebAddress(attachment_url)
  return (
    <span class="attachment">
      <Icon name={message.message_type === 'image' ? 'image' : 'file'} />
      <span class="attachment-name">{isLink ? <SafeLink href={attachment_url} text={name} /> : name}</span>
      <span class="attachment-size">{sizeText(file_size)}</span>
    </span>
  )
}

function sizeText(bytes: Metadata[string]): string {
  if (typeof bytes !== 'number') return ''
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
