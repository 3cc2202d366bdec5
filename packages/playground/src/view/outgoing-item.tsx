import type { JSX } from 'preact'
import type { Outbox, Outgoing } from '../model/outbox.js'
import { Icon } from './icons.js'
import { RichText } from './rich-text.js'

/** A message that is not stored yet: on its way, or refused. */
export function OutgoingItem({ outgoing, outbox }: { outgoing: Outgoing; outbox: Outbox }): JSX.Element {
  const { input, failure } = outgoing
  const text = input.content ?? attachmentName(input.metadata?.file_name)
  return (
    <div class={`message mine ${failure ? 'refused' : 'pending'}`}>
      <div class="bubble">
        <span class="text" dir="auto">
          <RichText text={text} />
        </span>
        <span class="meta">
          <span role="img" aria-label={failure ? 'Not sent' : 'Waiting to be sent'} title={failure ? 'Not sent' : 'Waiting to be sent'}>
            <Icon name={failure ? 'alert' : 'clock'} size={16} />
          </span>
        </span>
      </div>
      {failure ? (
        <p class="refusal">
          Not sent: {failure}{' '}
          <button type="button" class="link-button" onClick={() => outbox.retry(outgoing)}>
            Send again
          </button>{' '}
          <button type="button" class="link-button" onClick={() => outbox.discard(outgoing.key)}>
            Discard
          </button>
        </p>
      ) : null}
    </div>
  )
}

const attachmentName = (name: unknown) => (typeof name === 'string' ? name : 'Attachment')
