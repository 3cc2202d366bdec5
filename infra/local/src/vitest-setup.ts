import type { TestProject } from 'vitest/node'
import { startTestStores } from './stores/index.js'

/** Vitest's global set-up: one PostgreSQL and one Redis for all test files, which get them by `inject('stores')`. */
export default async function provideStores(project: TestProject): Promise<() => Promise<void>> {
  const { stop, origin, ...stores } = await startTestStores(process.env)
  console.log(`Stores: ${origin}`)
  project.provide('stores', stores)
  return stop
}
