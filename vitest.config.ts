import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/test', 'services/*/test', 'db/test', 'infra/local/test', 'acceptance'].map((folder) => `${folder}/**/*.test.ts`),
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: 'infra/local/dist/vitest-setup.js',
    pool: 'forks',
    maxWorkers: 3,
    // What is built needs no transformation: saves a second per file.
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
