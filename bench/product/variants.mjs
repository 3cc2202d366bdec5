import { fileURLToPath } from 'node:url'

const preload = (name) => ({ nodeArgs: ['--import', fileURLToPath(new URL(`preloads/${name}.mjs`, import.meta.url))] })

/** The product, but every send is a statement of its own, on sixteen connections. */
export const oneStatementEach = preload('one-statement-each')

/** The product, but slowed on purpose: `BENCH_SABOTAGE` is the busy time for each stored message, in µs. */
export const sabotage = { ...preload('sabotage'), env: { BENCH_SABOTAGE: process.env.BENCH_SABOTAGE ?? '300' } }

/** What is set for every run of the product: `BENCH_SABOTAGE=100 pnpm bench sends` shows what a slower product looks like. */
export const asAsked = process.env.BENCH_SABOTAGE ? sabotage : {}

/** The product with its garbage collected on SIGCONT, so that memory can be compared. */
export const collectable = { nodeArgs: ['--expose-gc', ...preload('collect-garbage').nodeArgs] }

/** The product with a profiler that SIGCONT starts and stops; what it saw is at `path` and the process's number. */
export const profiled = (path) => ({ ...preload('profile'), env: { BENCH_PROFILE: path } })

/** The product without what its images tell V8. */
export const asNodeComes = { options: [] }
