import { grantServiceRole, serviceRole } from './grant-service-role.js'

const url = process.env.DATABASE_URL
if (!url) {
  console.error('DATABASE_URL is not set: give the URL of the migrated database, as the owner of its tables.')
  process.exit(1)
}
try {
  const password = process.env.SERVICE_PASSWORD
  await grantServiceRole(url, password ? { password } : {})
  console.log(`The role ${serviceRole} has the rights of a service and no other.`)
  if (!password) console.log('SERVICE_PASSWORD is not set, so nothing was changed about how it logs in.')
} catch (error) {
  console.error(`The role could not be made: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
