export { migrate } from './migrate.js'
export type * from './tables.js'
