import closeWithGrace from 'close-with-grace'
import { ConfigError } from './config-error.js'
import { readConfig, type Config } from './config.js'
import type { Logger } from './logger.js'
import type { Environment } from './settings.js'

export interface RunningService {
  /** Stops taking work, finishes what is under way, closes connections. Called once. */
  stop(): Promise<void>
}

export interface ServiceOptions {
  name: string
  log: Logger
  /** A stop that takes longer ends the process with status 1. */
  shutdownTimeoutMs: number
  start: () => Promise<RunningService>
  /** Is waited for after the stop, before the process ends: to send what others are still to be told. */
  beforeExit?: () => Promise<void>
}

/**
 * Runs a service until the process is asked to end: by a signal, by its parent going away (when started with an IPC
 * channel), or by an error nobody caught, which is logged and ends with status 1 after a stop like any other.
 * A second signal ends it at once. Resolves once the service has started.
 */
export async function runService(options: ServiceOptions): Promise<void> {
  const { name, log } = options
  // A signal may come while the service starts: what has started by then is stopped as well.
  const starting = Promise.resolve().then(options.start)
  const grace = closeWithGrace(
    { delay: options.shutdownTimeoutMs, logger: fatalLogger(log), skip: [...leftAlone] },
    async ({ err, signal }) => {
      if (err) log.fatal({ err }, `${name} stops because of an error nobody caught`)
      else log.info({ signal }, `${name} is stopping`)
      const service = await starting.catch(() => undefined)
      await service?.stop()
      await options.beforeExit?.()
    },
  )
  if (process.send) process.once('disconnect', grace.close)
  try {
    await starting
  } catch (error) {
    reportFailedStart(name, log, error)
    await options.beforeExit?.()
    process.exit(1)
  }
}

/** The configuration, or the end of the process with one line per problem on stderr. */
export function readConfigOrExit(env: Environment): Config {
  try {
    return readConfig(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    printProblems(error.problems)
    process.exit(1)
  }
}

// SIGUSR2 changes the log level.
const leftAlone = ['SIGUSR2'] as const

function reportFailedStart(name: string, log: Logger, error: unknown): void {
  if (error instanceof ConfigError) printProblems(error.problems)
  else if (isAddressInUse(error))
    printProblems([`${name}: port ${error.port} is already in use; stop what runs there or set PORT to another one`])
  else log.fatal({ err: error }, `${name} could not start`)
}

function isAddressInUse(error: unknown): error is NodeJS.ErrnoException & { port: number } {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error
}

function printProblems(problems: readonly string[]): void {
  process.stderr.write(problems.map((problem) => `${problem}\n`).join(''))
}

function fatalLogger(log: Logger) {
  return { error: (problem: unknown) => log.fatal(problem instanceof Error ? { err: problem } : {}, `stop: ${String(problem)}`) }
}
