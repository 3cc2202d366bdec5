import { pino, stdTimeFunctions, type Logger, type LoggerOptions as PinoOptions } from 'pino'
import type { LogLevel } from './config.js'
import type { ReportFault } from './faults/fault-reports.js'

export type { Logger } from 'pino'

/** What people wrote and what opens doors never reaches a log, down to the third level of a logged object. */
const SECRET_KEYS = ['token', 'fcm_token', 'fcmToken', 'authorization', 'cookie', 'password', 'secret', 'content', 'metadata']
/** PostgreSQL quotes whole rows in these fields of its errors. */
const ROW_QUOTES = ['err.detail', 'err.where', 'err.internalQuery', 'err.parameters']

export interface LoggerOptions {
  name: string
  level: LogLevel
  /** Is told of every line of level error or fatal that carries an error. */
  onFault?: ReportFault
}

/** JSON lines on stdout, written at once: a process that ends loses none. */
export function createLogger(options: LoggerOptions): Logger {
  const { onFault } = options
  return pino({
    name: options.name,
    level: options.level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: [...SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), ...ROW_QUOTES], censor: '[redacted]' },
    ...(onFault && { hooks: { logMethod: tellFaults(onFault) } }),
  })
}

const errorLevel = 50

function tellFaults(onFault: ReportFault): NonNullable<NonNullable<PinoOptions['hooks']>['logMethod']> {
  return function (args, log, level) {
    const [fields] = args as unknown[]
    if (level >= errorLevel && typeof fields === 'object' && fields !== null && 'err' in fields && fields.err instanceof Error)
      onFault(fields.err, { ...fields })
    log.apply(this, args)
  }
}
