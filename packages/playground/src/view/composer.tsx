import type { Message, SendInput } from '@viatra-chat/client'
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Session } from '../model/session.js'
import { AttachDialog } from './attach-dialog.js'
import { Icon, IconButton } from './icons.js'
import { contentOf, fullName } from './titles.js'

interface ComposerProps {
  session: Session
  conversationId: string
  replyTo: Message | undefined
  onReplyDone: () => void
}

const typingEndsMs = 4000

const hasKeyboard = () => matchMedia('(hover: hover)').matches

export function Composer({ session, conversationId, replyTo, onReplyDone }: ComposerProps): JSX.Element {
  const [text, setText] = useState('')
  const [isAttaching, setAttaching] = useState(false)
  const field = useRef<HTMLTextAreaElement>(null)
  const typing = useTyping(session, conversationId)
  useEffect(() => {
    // On a phone the keyboard would cover what is to be read.
    if (hasKeyboard()) field.current?.focus()
  }, [replyTo, conversationId])

  const send = (input: SendInput) => {
    session.outbox.send(conversationId, { ...input, ...(replyTo && { parent_message_id: replyTo.id }) })
    typing.ended()
    onReplyDone()
  }
  const sendText = () => {
    if (text.trim() === '') return
    send({ content: text })
    setText('')
  }
  return (
    <>
      <form class="composer" onSubmit={preventing(sendText)}>
        {replyTo ? <ReplyLine replyTo={replyTo} session={session} onCancel={onReplyDone} /> : null}
        <div class="composer-row">
          <IconButton icon="clip" label="Attach a link to a picture or file" onClick={() => setAttaching(true)} />
          <textarea
            ref={field}
            rows={1}
            value={text}
            dir="auto"
            aria-label="Message"
            placeholder="Write a message"
            onInput={({ currentTarget }) => {
              setText(currentTarget.value)
              typing.goesOn(currentTarget.value !== '')
            }}
            onKeyDown={(event) => {
              if (event.key === 'Escape' && replyTo) onReplyDone()
              if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) preventing(sendText)(event)
            }}
          />
          <button type="submit" class="send-button" aria-label="Send" title="Send" disabled={text.trim() === ''}>
            <Icon name="send" />
          </button>
        </div>
      </form>
      {isAttaching ? <AttachDialog onClose={() => setAttaching(false)} onAttach={send} /> : null}
    </>
  )
}

const preventing = (act: () => void) => (event: Event) => {
  event.preventDefault()
  act()
}

function ReplyLine({ replyTo, session, onCancel }: { replyTo: Message; session: Session; onCancel: () => void }): JSX.Element {
  const name = replyTo.sender_id === session.account.id ? 'yourself' : fullName(replyTo.sender)
  return (
    <div class="reply-line">
      <span class="reply-text">
        <strong>Reply to {name}</strong>
        <span>{contentOf(replyTo)}</span>
      </span>
      <IconButton icon="close" label="Cancel the reply" onClick={onCancel} />
    </div>
  )
}

/** Tells that somebody types until they pause, empty the field or send. */
function useTyping({ client }: Session, conversationId: string): { goesOn: (isTyping: boolean) => void; ended: () => void } {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const stop = () => {
    if (timer.current === undefined) return
    clearTimeout(timer.current)
    timer.current = undefined
    client.typing(conversationId, false)
  }
  useEffect(() => stop, [conversationId])
  return {
    goesOn(isTyping) {
      if (!isTyping) return stop()
      clearTimeout(timer.current)
      timer.current = setTimeout(stop, typingEndsMs)
      client.typing(conversationId, true)
    },
    // The message itself ends the typing for the others.
    ended() {
      clearTimeout(timer.current)
      timer.current = undefined
    },
  }
}
