import type { JSX } from 'preact'
import type { Account } from '../accounts.js'
import { nameOf } from '../accounts.js'
import { Avatar } from './avatar.js'

interface PeoplePickerProps {
  legend: string
  accounts: readonly Account[]
  chosen: readonly string[]
  onChange: (ids: string[]) => void
}

/** People to tick. */
export function PeoplePicker({ legend, accounts, chosen, onChange }: PeoplePickerProps): JSX.Element {
  const toggle = (id: string) => onChange(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id])
  return (
    <fieldset class="people-picker">
      <legend>{legend}</legend>
      {accounts.map((account) => (
        <label key={account.id} class="person-row">
          <Avatar name={nameOf(account)} id={account.id} size="small" />
          <span class="person-name">
            {nameOf(account)}
            <small>{account.role}</small>
          </span>
          <input type="checkbox" checked={chosen.includes(account.id)} onChange={() => toggle(account.id)} />
        </label>
      ))}
    </fieldset>
  )
}
