import type { Log } from './chat.js'
import { KeysUnavailable } from './encryption/master-keys.js'
import { Refusal } from './refusal.js'

// Classes 08 (connection), 53 (resources), 57 (operator), 40 (retryable) and 55P03 (lock timeout): the database is away or busy, not wrong.
const awayStates = /^(08...|53...|57...|40001|40P01|55P03|25006)$/
const awayCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])
// pg reports these without a code.
const awayMessages =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|not queryable|query read timeout/i

/** True when an error says that a store is away or busy rather than that we are wrong. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof KeysUnavailable) return true
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (awayCodes.has(code) || awayStates.test(code) || awayMessages.test(error.message)) return true
  return error instanceof AggregateError && error.errors.some(isUnavailable)
}

/** Turns whatever was thrown into a refusal; a fault is logged once, here, and its details go no further. */
export function asRefusal(error: unknown, log: Log, fields: object): Refusal {
  if (error instanceof Refusal) return error
  if (isUnavailable(error)) {
    log.warn({ ...fields, err: error }, 'a store is unavailable')
    return new Refusal('UNAVAILABLE', { retryAfterS: 1 })
  }
  log.error({ ...fields, err: error }, 'operation failed')
  return new Refusal('INTERNAL')
}
