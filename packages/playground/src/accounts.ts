import type { UserId } from '@viatra-chat/client'

/** Somebody to be in the playground. */
export interface Account {
  id: UserId
  firstName: string
  lastName: string
  /** On the platform: patient, doctor … */
  role: string
  /** Gives a token that is good now. */
  getToken: () => Promise<string> | string
}

interface DemoPerson {
  id: UserId
  first_name: string
  last_name: string
  role: string
  token: string
}

/** The people of the demo; none where the product runs on somebody's own data. */
export async function listDemoAccounts(): Promise<Account[]> {
  const people = await fetchDemoPeople()
  return people.map(({ id, first_name: firstName, last_name: lastName, role, token }) => {
    let first: string | undefined = token
    const getToken = async () => {
      const current = first ?? (await fetchDemoPeople()).find((person) => person.id === id)?.token ?? ''
      // Asked again, the client wants another one.
      first = undefined
      return current
    }
    return { id, firstName, lastName, role, getToken }
  })
}

async function fetchDemoPeople(): Promise<DemoPerson[]> {
  const response = await fetch('/playground/people.json')
  if (!response.ok) throw new Error(`The demo people are not to be had (${response.status}).`)
  return ((await response.json()) as { people: DemoPerson[] }).people
}

/** The account that a token speaks of; undefined when it cannot be read. Whether it is any good the server will say. */
export function accountOfToken(token: string): Account | undefined {
  try {
    const payload = atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    const claims = JSON.parse(payload) as Record<string, unknown>
    const id = claims.userId ?? claims.sub
    if (typeof id !== 'string') return undefined
    const role = typeof claims.role === 'string' ? claims.role : ''
    return { id: id.toLowerCase() as UserId, firstName: 'You', lastName: '', role, getToken: () => token }
  } catch {
    return undefined
  }
}

export const nameOf = ({ firstName, lastName }: Pick<Account, 'firstName' | 'lastName'>): string => `${firstName} ${lastName}`.trim()
