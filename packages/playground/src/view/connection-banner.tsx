import type { JSX } from 'preact'
import type { Session } from '../model/session.js'
import { Icon } from './icons.js'

/** Says so when there is no connection, and how much waits for it. */
export function ConnectionBanner({ session }: { session: Session }): JSX.Element {
  const isAway = session.state.value !== 'online' && session.wasOnline.value
  const waiting = session.outbox.items.value.filter(({ failure }) => failure === undefined).length
  return (
    <div role="status" class="banner-place">
      {isAway ? (
        <p class="banner">
          <Icon name="alert" size={18} />
          <span>
            Offline.{' '}
            {waiting === 0 ? 'Reconnecting …' : `${waiting === 1 ? '1 message waits' : `${waiting} messages wait`} for the connection.`}
          </span>
          <button type="button" class="link-button" onClick={() => session.client.connect()}>
            Try now
          </button>
        </p>
      ) : null}
    </div>
  )
}
