import { basename } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const folders = ['packages/*/test', 'services/*/test', 'db/test', 'infra/local/test', 'acceptance']
const exclude = ['**/node_modules/**', '**/dist/**']
/** They put something else in the place of a module, or run the tests of others once more in another environment: they share a worker with nobody. */
const isolated = [
  'services/gateway/test/rooms.test.ts',
  'acceptance/sharded/**/*.test.ts',
  'acceptance/sealed/**/*.test.ts',
  'acceptance/partitioned/**/*.test.ts',
]
/** Files that take longest, much of it waiting; the longest first. Begun last, one of them would run alone at the end. */
const longest = [
  'profile.test.ts',
  'fuzz.test.ts',
  'playground.test.ts',
  'upgrade.test.ts',
  'transport.test.ts',
  'workers.test.ts',
  'authorisation.test.ts',
  'fcm-failures.test.ts',
  'migration.test.ts',
  'frames.test.ts',
  'gateway-death.test.ts',
  'payload.test.ts',
  'retention.test.ts',
  'observability.test.ts',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification) => {
      const place = longest.indexOf(basename(moduleId))
      return place === -1 ? longest.length : place
    }
    return others.sort((a, b) => rank(a) - rank(b))
  }
}

const globalSetup = 'infra/local/dist/vitest-setup.js'
const base = {
  pool: 'forks' as const,
  // What is built needs no transformation: saves a second per file.
  server: { deps: { external: [/\/dist\//] } },
  // Long: they tell a hang from a busy machine, not a slow test from a fast one.
  testTimeout: 60_000,
  hookTimeout: 120_000,
}

export default defineConfig({
  test: {
    // Twice the processors of a small build server: most files wait more than they compute.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        // Alone for its cluster of processes: no store of the others', and nobody else's. It waits more than it computes, and is the longest of all.
        test: { ...base, name: 'faults', include: ['acceptance/faults/**/*.test.ts'], exclude, sequence: { groupOrder: 1 } },
      },
      {
        test: {
          ...base,
          name: 'product',
          include: folders.map((folder) => `${folder}/**/*.test.ts`),
          exclude: [...exclude, ...isolated, 'acceptance/faults/**'],
          globalSetup,
          // The files of a worker share what they load, which is all of the product: a second and a half of processor per file.
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: { ...base, name: 'isolated', include: isolated, exclude, globalSetup, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
