// pnpm token --user <id or email> [--role admin] [--expires 1h]
import { existsSync } from 'node:fs'
import { build, install, main } from './prepare.mjs'

await main(async () => {
  // Only the token goes to standard output, and quickly: a script may be waiting for it.
  const token = new URL('./dist/token.js', import.meta.url)
  if (!existsSync(token)) {
    console.log = console.error
    await install()
    await build()
  }
  await import(token.href)
})
