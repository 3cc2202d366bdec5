import { defineConfig } from 'vitest/config'

/** The whole run, as `pnpm acceptance` starts it: no stores but those of its own cluster. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['whole-run.ts'],
    pool: 'forks',
    server: { deps: { external: [/\/dist\//] } },
    disableConsoleIntercept: true,
  },
})
