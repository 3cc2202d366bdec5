import { defineConfig } from 'vitest/config'

const folders = ['packages/*/test', 'services/*/test', 'db/test', 'infra/local/test', 'acceptance']
const exclude = ['**/node_modules/**', '**/dist/**']
const base = {
  pool: 'forks' as const,
  // What is built needs no transformation: saves a second per file.
  server: { deps: { external: [/\/dist\//] } },
  testTimeout: 20_000,
  hookTimeout: 60_000,
}

export default defineConfig({
  test: {
    maxWorkers: 3,
    projects: [
      {
        test: {
          ...base,
          name: 'product',
          include: folders.map((folder) => `${folder}/**/*.test.ts`),
          exclude: [...exclude, 'acceptance/faults/**'],
          globalSetup: 'infra/local/dist/vitest-setup.js',
          sequence: { groupOrder: 0 },
        },
      },
      {
        // After the others and alone: it has a cluster of processes of its own, whose recovery others would slow.
        test: { ...base, name: 'faults', include: ['acceptance/faults/**/*.test.ts'], exclude, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
