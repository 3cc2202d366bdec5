import { clientCases } from './client-cases.js'
import { deploymentCases } from './deployment-cases.js'
import { ephemeralCases } from './ephemeral-cases.js'
import { failoverCases } from './failover-cases.js'
import type { FaultCase } from './fault-case.js'
import { gatewayCases } from './gateway-cases.js'
import { hostileClientCases } from './hostile-client-cases.js'
import { postgresCases } from './postgres-cases.js'
import { readModelCases } from './read-model-cases.js'
import { redisCases } from './redis-cases.js'
import { refusingStoreCases } from './refusing-store-cases.js'
import { roomCases } from './room-cases.js'
import { serviceCases } from './service-cases.js'
import { sessionCases } from './session-cases.js'

/** Every fault that the runner knows. */
export const allCases: readonly FaultCase[] = [
  ...clientCases,
  ...hostileClientCases,
  ...sessionCases,
  ...roomCases,
  ...gatewayCases,
  ...redisCases,
  ...ephemeralCases,
  ...failoverCases,
  ...postgresCases,
  ...refusingStoreCases,
  ...readModelCases,
  ...serviceCases,
  ...deploymentCases,
]
