// npm start, npm run dev
import { build, install, main } from './prepare.mjs'

await main(async () => {
  await install()
  await build()
  await import('./dist/main.js')
})
