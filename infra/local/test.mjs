// npm test [-- a part of a file name …]
import { build, install, main, Step } from './prepare.mjs'

await main(async () => {
  await install()
  try {
    await build()
  } catch (error) {
    if (!(error instanceof Step)) throw error
    console.log(`${error.message}\nNothing else was run: the type check comes first.\n0 passed, 2 failed`)
    process.exit(1)
  }
  await import('./dist/test.js')
})
