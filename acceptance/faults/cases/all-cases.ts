import { clientCases } from './client-cases.js'
import type { FaultCase } from './fault-case.js'
import { gatewayCases } from './gateway-cases.js'
import { postgresCases } from './postgres-cases.js'
import { redisCases } from './redis-cases.js'
import { serviceCases } from './service-cases.js'

/** Every fault that the runner knows. */
export const allCases: readonly FaultCase[] = [...clientCases, ...gatewayCases, ...redisCases, ...postgresCases, ...serviceCases]
