import { createLogger, readConfigOrExit, runService } from '@viatra-chat/runtime'
import { startGateway } from './start-gateway.js'

const config = readConfigOrExit(process.env)
const log = createLogger({ name: 'gateway', level: config.logLevel })

await runService({
  name: 'gateway',
  log,
  shutdownTimeoutMs: config.shutdownTimeoutMs,
  start: () => startGateway(config, log),
})
