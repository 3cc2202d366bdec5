import { seed } from './seed.js'

const url = process.env.DATABASE_URL
if (!url) {
  console.error('DATABASE_URL is not set: give the URL of the database to put the demo into.')
  process.exit(1)
}
try {
  console.log(JSON.stringify(await seed(url, new Date())))
} catch (error) {
  console.error(`The demo could not be put into the database: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
