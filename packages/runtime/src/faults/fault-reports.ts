import type { Config } from '../config.js'
import { scrubText } from './scrub-text.js'

/** Tells a fault to whoever watches over faults. */
export type ReportFault = (error: Error, fields: Readonly<Record<string, unknown>>) => void

export interface FaultReports {
  report: ReportFault
  /** Sends what waits, for two seconds at most. */
  close(): Promise<void>
}

// What helps to find a fault and says nothing of anybody.
const tagNames = ['operation', 'requestId', 'connectionId', 'outboxId', 'route', 'kind']
const reportsPerMinuteMax = 60
const closeTimeoutMs = 2000

/**
 * Reports faults to a Sentry-compatible endpoint when `SENTRY_DSN` is set: the error's name, its stack and where it happened. What the error
 * quotes is scrubbed, and nothing of the request goes along. Without a DSN nothing is loaded. An outage of a store is no fault.
 */
export async function openFaultReports(name: string, { sentryDsn, revision }: Config): Promise<FaultReports | undefined> {
  if (sentryDsn === undefined) return undefined
  const sentry = await import('@sentry/core')
  const client = new sentry.ServerRuntimeClient({
    dsn: sentryDsn,
    platform: 'node',
    ...(revision !== undefined && { release: revision }),
    integrations: [],
    sendClientReports: false,
    stackParser: sentry.createStackParser(sentry.nodeStackLineParser()),
    transport: (options) => sentry.createTransport(options, (request) => post(options.url, request.body)),
    beforeSend: (event) => {
      for (const exception of event.exception?.values ?? []) if (exception.value) exception.value = scrubText(exception.value)
      return event
    },
  })
  client.init()
  const mayReport = perMinute(reportsPerMinuteMax)
  return {
    report(error, fields) {
      if (!mayReport()) return
      const scope = new sentry.Scope()
      scope.setTag('service', name)
      for (const tag of tagNames) if (typeof fields[tag] === 'string') scope.setTag(tag, fields[tag])
      client.captureException(error, undefined, scope)
    },
    close: async () => void (await client.close(closeTimeoutMs)),
  }
}

async function post(url: string, body: string | Uint8Array) {
  const response = await fetch(url, { method: 'POST', body: Buffer.from(body), signal: AbortSignal.timeout(5000) })
  await response.body?.cancel()
  const header = (headerName: string) => response.headers.get(headerName)
  return {
    statusCode: response.status,
    headers: { 'x-sentry-rate-limits': header('x-sentry-rate-limits'), 'retry-after': header('retry-after') },
  }
}

/** A fault in everything makes as many reports as there are requests: the first ones tell it all. */
function perMinute(max: number): () => boolean {
  let windowEndsAt = 0
  let used = 0
  return () => {
    const now = Date.now()
    if (now >= windowEndsAt) [windowEndsAt, used] = [now + 60_000, 0]
    return ++used <= max
  }
}
