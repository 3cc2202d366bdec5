import type { Config } from './config.js'
import type { Logger } from './logger.js'
import type { RunningService } from './run-service.js'
import type { Environment } from './settings.js'
import { startTracing } from './tracing/start-tracing.js'

export type Start = (config: Config, log: Logger) => Promise<RunningService>

/**
 * The whole life of a service's process: tracing and error reports where they are configured, configuration, log, start and stop.
 * The service is loaded after tracing has begun, since what is loaded before cannot be traced any more.
 * @param load gives the service's start.
 */
export async function launch(name: string, env: Environment, load: () => Promise<Start>): Promise<void> {
  const tracing = await startTracing(name, env)
  const { createLogger, openFaultReports, readConfigOrExit, runService, switchLevelOnSignal } = await import('./index.js')
  const config = readConfigOrExit(env)
  const faults = await openFaultReports(name, config)
  const log = createLogger({ name, level: config.logLevel, ...(faults && { onFault: faults.report }) })
  switchLevelOnSignal(log)
  await runService({
    name,
    log,
    shutdownTimeoutMs: config.shutdownTimeoutMs,
    start: async () => (await load())(config, log),
    beforeExit: async () => void (await Promise.allSettled([faults?.close(), tracing?.stop()])),
  })
}
