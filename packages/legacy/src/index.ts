export { migrateLegacy, type LegacyOptions, type Progress } from './migrate-legacy.js'
export { isComplete, type LegacyReport } from './report.js'
export { Unfit } from './unfit.js'
