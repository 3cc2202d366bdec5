// pnpm load:people [--count 100] [--expires 2h] [--out FILE] [--url URL]: people, conversations and tokens for the load tests.
import { build, install, main } from '../local/prepare.mjs'

await main(async () => {
  await install()
  await build()
  await import('../local/dist/load-people.js')
})
