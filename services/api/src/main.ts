import { createLogger, readConfigOrExit, runService } from '@viatra-chat/runtime'
import { startApi } from './index.js'

const config = readConfigOrExit(process.env)
const log = createLogger({ name: 'api', level: config.logLevel })

await runService({
  name: 'api',
  log,
  shutdownTimeoutMs: config.shutdownTimeoutMs,
  start: () => startApi(config, log),
})
