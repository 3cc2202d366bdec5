import type { JSX } from 'preact'
import type { Message } from '@viatra-chat/client'
import { progressOf, type Progress } from '../model/receipts.js'
import { Icon } from './icons.js'

const words: Record<Progress, string> = {
  sent: 'Sent',
  partly_delivered: 'Delivered to some',
  delivered: 'Delivered',
  partly_read: 'Read by some',
  read: 'Read',
}

/** How far one's own message has come. */
export function Ticks({ message, others }: { message: Message; others: number }): JSX.Element {
  const progress = progressOf(message, others)
  const counts = `delivered to ${message.delivered_to.length - 1}, read by ${message.read_by.length - 1} of ${others}`
  const label = others > 1 && progress !== 'sent' ? `${words[progress]}: ${counts}` : words[progress]
  return (
    <span class={`ticks ticks-${progress}`} role="img" aria-label={label} title={label}>
      <Icon name={progress === 'sent' || progress === 'partly_delivered' ? 'check' : 'checks'} size={16} />
    </span>
  )
}
