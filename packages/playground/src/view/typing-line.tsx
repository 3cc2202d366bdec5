import type { JSX } from 'preact'
import type { Session } from '../model/session.js'

/** Who types; there all the time, so that screen readers hear it change. */
export function TypingLine({ session, userIds }: { session: Session; userIds: readonly string[] }): JSX.Element {
  const names = userIds.map((id) => session.people.find(id)?.first_name ?? 'Somebody')
  const text = names.length === 0 ? '' : names.length === 1 ? `${names[0]} is typing` : `${names.join(', ')} are typing`
  return (
    <p class="typing" aria-live="polite">
      {text === '' ? null : (
        <>
          <span class="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {text}
        </>
      )}
    </p>
  )
}
