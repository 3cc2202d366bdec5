import type { DemoPerson } from '@viatra-chat/db'
import { defaultExpiry, signToken } from './sign-token.js'

/** Gives the demo people, each with a token signed now. */
export type DemoTokens = () => (DemoPerson & { token: string })[]

export function demoTokens(people: readonly DemoPerson[], secret: string, env: NodeJS.ProcessEnv): ReturnType<DemoTokens> {
  const expiresIn = defaultExpiry(env)
  return people.map((person) => ({ ...person, token: signToken(secret, { userId: person.id, role: person.role, expiresIn }, env) }))
}
