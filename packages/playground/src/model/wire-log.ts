import type { ConnectionState, TraceEntry } from '@viatra-chat/client'
import { signal, type ReadonlySignal } from '@preact/signals'

export type WireEntry = { number: number; at: Date } & (
  TraceEntry | { kind: 'state'; name: ConnectionState } | { kind: 'note'; name: string }
)

/** What went over the wire last, for the inspector. */
export interface WireLog {
  /** Newest first. */
  readonly entries: ReadonlySignal<readonly WireEntry[]>
  trace(entry: TraceEntry): void
  note(line: string): void
  state(state: ConnectionState): void
  clear(): void
}

const entriesMax = 300

export function createWireLog(): WireLog {
  const entries = signal<readonly WireEntry[]>([])
  let number = 0
  const add = (entry: TraceEntry | { kind: 'state'; name: ConnectionState } | { kind: 'note'; name: string }) => {
    entries.value = [{ ...entry, number: ++number, at: new Date() }, ...entries.peek()].slice(0, entriesMax)
  }
  return {
    entries,
    trace: add,
    note: (name) => add({ kind: 'note', name }),
    state: (name) => add({ kind: 'state', name }),
    clear: () => (entries.value = []),
  }
}
