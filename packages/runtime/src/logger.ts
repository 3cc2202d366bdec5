import { pino, stdTimeFunctions, type Logger } from 'pino'
import type { LogLevel } from './config.js'

export type { Logger } from 'pino'

/** What people wrote and what opens doors never reaches a log, down to the third level of a logged object. */
const SECRET_KEYS = ['token', 'fcm_token', 'fcmToken', 'authorization', 'cookie', 'password', 'secret', 'content', 'metadata']
/** PostgreSQL quotes whole rows in these fields of its errors. */
const ROW_QUOTES = ['err.detail', 'err.where', 'err.internalQuery', 'err.parameters']

/** JSON lines on stdout, written at once: a process that ends loses none. */
export function createLogger(options: { name: string; level: LogLevel }): Logger {
  return pino({
    name: options.name,
    level: options.level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: [...SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), ...ROW_QUOTES], censor: '[redacted]' },
  })
}
