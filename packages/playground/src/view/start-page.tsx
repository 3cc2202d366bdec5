import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { accountOfToken, nameOf, type Account } from '../accounts.js'
import { Avatar } from './avatar.js'

interface StartPageProps {
  title: string
  accounts: readonly Account[]
  onChoose: (account: Account) => void
}

/** Whom to be. */
export function StartPage({ title, accounts, onChoose }: StartPageProps): JSX.Element {
  return (
    <section class="start" aria-label={title}>
      <h1>{title}</h1>
      <p class="hint">
        {accounts.length > 0
          ? 'A demo clinic. Whatever you do here goes through the same API, gateways and client as any app’s.'
          : 'There is no demo in this database. Sign a token for anybody in it.'}
      </p>
      {accounts.length > 0 ? (
        <ul class="people">
          {accounts.map((account) => (
            <li key={account.id}>
              <button type="button" class="person-card" onClick={() => onChoose(account)}>
                <Avatar name={nameOf(account)} id={account.id} />
                <span class="person-name">
                  {nameOf(account)}
                  <small>{account.role}</small>
                </span>
              </button>
            </li>
          ))}
        </ul>
      ) : null}
      <TokenForm isOpen={accounts.length === 0} onChoose={onChoose} />
    </section>
  )
}

function TokenForm({ isOpen, onChoose }: { isOpen: boolean; onChoose: (account: Account) => void }): JSX.Element {
  const [token, setToken] = useState('')
  const [failure, setFailure] = useState('')
  const use = (event: Event) => {
    event.preventDefault()
    const account = accountOfToken(token.trim())
    if (account) onChoose(account)
    else setFailure('This is not a token.')
  }
  return (
    <details class="token-form" open={isOpen}>
      <summary>Use a token of your own</summary>
      <p class="token-hint">
        <code>npx pnpm token --user anna.lindqvist@clinic.example</code> signs one.
      </p>
      <form class="inline-form" onSubmit={use}>
        <label>
          Token
          <input
            value={token}
            required
            autoComplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <button type="submit">Go</button>
      </form>
      <p role="alert">{failure}</p>
    </details>
  )
}
