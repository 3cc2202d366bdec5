export { migrateLegacy, type LegacyMove, type LegacySummary } from './legacy/migrate-legacy.js'
export { migrate } from './migrate.js'
export { seed, type DemoPerson } from './seed.js'
export type * from './tables.js'
