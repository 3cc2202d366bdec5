import { writeFileSync } from 'node:fs'
import { routeTable } from './route-table.js'

// Writes routes.generated.ts; a test compares what is there with what this would write.
writeFileSync(new URL('../src/routes.generated.ts', import.meta.url), routeTable())
