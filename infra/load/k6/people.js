// @ts-check
import exec from 'k6/execution'
import { SharedArray } from 'k6/data'

/** @typedef {{ token: string, userId: string, conversationId: string }} LoadPerson */

/** Who makes the load: what `pnpm load:people` wrote; read once, shared by all. */
export const people = new SharedArray('people', () => {
  const [head = '', ...lines] = open(__ENV.PEOPLE || '../people.csv')
    .trim()
    .split('\n')
  const names = head.split(',')
  return lines.map((line) => {
    const values = line.split(',')
    return /** @type {LoadPerson} */ (Object.fromEntries(names.map((name, i) => [name, values[i]])))
  })
})

/** Everybody in turn, so that nobody meets their own budget before the others. */
export function nextPerson() {
  return people[exec.scenario.iterationInTest % people.length]
}

export const target = __ENV.TARGET || 'http://localhost:8080'
