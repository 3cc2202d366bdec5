import { operations, type Operation, type OperationName } from '@viatra-chat/contract'
import type { Person, RestAnswer } from '@viatra-chat/testkit'

/** A call of any operation over REST: the path from its names, the rest in the query of a GET, else in the body. */
export function toRequest(name: OperationName, input: Record<string, unknown>): { method: string; path: string; body?: object } {
  const { rest }: Operation = operations[name]
  if (!rest) throw new Error(`${name} has no route`)
  const { method, path } = rest
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, field = '']) => field)
  const others = Object.entries(input).filter(([field]) => !inPath.includes(field))
  const filled = path.replace(/:(\w+)/g, (_, field: string) => encodeURIComponent(String(input[field])))
  if (method !== 'GET') return { method, path: filled, body: Object.fromEntries(others) }
  const query = new URLSearchParams(others.map(([field, value]): [string, string] => [field, String(value)])).toString()
  return { method, path: query === '' ? filled : `${filled}?${query}` }
}

export function askOverRest(who: Person, name: OperationName, input: Record<string, unknown>): Promise<RestAnswer> {
  const { method, path, body } = toRequest(name, input)
  return who.rest(method, path, body)
}

export function transportsOf(name: OperationName): ('rest' | 'socket')[] {
  const { rest, socket }: Operation = operations[name]
  return [...(rest ? (['rest'] as const) : []), ...(socket ? (['socket'] as const) : [])]
}
