import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { nameOf, type Account } from '../accounts.js'
import { Icon } from './icons.js'
import { Pane } from './pane.js'
import { StartPage } from './start-page.js'

/** One person, or two beside each other. Who they are stands in the address, so that a reload and a second window find them. */
export function App({ accounts }: { accounts: readonly Account[] }): JSX.Element {
  const [seats, setSeats] = useState<readonly Account[]>(() => seatsOfAddress(accounts))
  const [isChoosing, setChoosing] = useState(false)
  useEffect(() => writeAddress(seats), [seats])
  const [first, second] = seats
  const sit = (account: Account) => {
    setSeats([...seats, account])
    setChoosing(false)
  }
  const stand = (account: Account) => setSeats(seats.filter((seat) => seat !== account))
  return (
    <>
      <TopBar canSplit={first !== undefined && second === undefined && !isChoosing} onSplit={() => setChoosing(true)} />
      <main class={second || isChoosing ? 'panes panes-two' : 'panes'}>
        {first ? null : <StartPage title="Who would you like to be?" accounts={accounts} onChoose={sit} />}
        {seats.map((account) => (
          <Pane key={account.id} account={account} accounts={accounts} onLeave={() => stand(account)} />
        ))}
        {isChoosing && first ? (
          <StartPage title={`Who sits beside ${nameOf(first)}?`} accounts={accounts.filter(({ id }) => id !== first.id)} onChoose={sit} />
        ) : null}
      </main>
    </>
  )
}

function TopBar({ canSplit, onSplit }: { canSplit: boolean; onSplit: () => void }): JSX.Element {
  return (
    <header class="top-bar">
      <a class="brand" href="/">
        Viatra Chat <span>playground</span>
      </a>
      <nav aria-label="Product">
        {canSplit ? (
          <button type="button" class="bar-button only-wide" onClick={onSplit}>
            <Icon name="split" size={18} /> Open a second person
          </button>
        ) : null}
        <a class="bar-button" href="/docs">
          API reference
        </a>
      </nav>
    </header>
  )
}

function seatsOfAddress(accounts: readonly Account[]): Account[] {
  const ids = new URLSearchParams(location.search).getAll('as').slice(0, 2)
  return ids.flatMap((id) => accounts.find((account) => account.id === id) ?? [])
}

function writeAddress(seats: readonly Account[]): void {
  const query = new URLSearchParams(seats.map(({ id }) => ['as', id]))
  history.replaceState(null, '', seats.length > 0 ? `/?${query.toString()}` : '/')
}
