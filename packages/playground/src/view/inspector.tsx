import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Session } from '../model/session.js'
import type { WireEntry } from '../model/wire-log.js'
import { IconButton } from './icons.js'

/** What goes over the wire, for those who build on it. */
export function Inspector({ session, onClose }: { session: Session; onClose: () => void }): JSX.Element {
  const [filter, setFilter] = useState('')
  const entries = session.wire.entries.value.filter(({ name }) => name.includes(filter.trim()))
  return (
    <section class="inspector" aria-label="Inspector">
      <header class="inspector-header">
        <h2>Inspector</h2>
        <input
          type="search"
          aria-label="Filter by name"
          placeholder="Filter"
          value={filter}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
        <button type="button" class="link-button" onClick={session.wire.clear}>
          Clear
        </button>
        <IconButton icon="close" label="Close the inspector" onClick={onClose} />
      </header>
      <ol>
        {entries.map((entry) => (
          <li key={entry.number}>
            <EntryRow entry={entry} />
          </li>
        ))}
      </ol>
    </section>
  )
}

const kinds: Record<WireEntry['kind'], { sign: string; words: string }> = {
  event: { sign: '↓', words: 'Event of the server' },
  ask: { sign: '↑', words: 'Event to the server' },
  call: { sign: '⇅', words: 'REST call' },
  state: { sign: '●', words: 'Connection' },
  note: { sign: '!', words: 'Note' },
}

function EntryRow({ entry }: { entry: WireEntry }): JSX.Element {
  const { sign, words } = kinds[entry.kind]
  const hasFailed = 'error' in entry && entry.error !== undefined
  return (
    <details class={hasFailed ? 'wire wire-failed' : 'wire'}>
      <summary>
        <time>{entry.at.toLocaleTimeString(undefined, { hour12: false })}</time>
        <span title={words} aria-label={words} role="img" class={`wire-sign wire-${entry.kind}`}>
          {sign}
        </span>
        <span class="wire-name">{entry.name}</span>
        {'tookMs' in entry ? <span class="wire-took">{Math.round(entry.tookMs)} ms</span> : null}
      </summary>
      <pre>{JSON.stringify(detailsOf(entry), null, 2)}</pre>
    </details>
  )
}

function detailsOf(entry: WireEntry): unknown {
  if (entry.kind === 'event') return entry.payload
  if (entry.kind === 'state' || entry.kind === 'note') return entry.name
  const { payload, data, error } = entry
  return error === undefined ? { sent: payload, answer: data } : { sent: payload, error: { ...error, message: error.message } }
}
