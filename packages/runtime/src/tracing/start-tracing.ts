import { register } from 'node:module'
import type { Environment } from '../settings.js'

/** Traces that are being sent. */
export interface Tracing {
  /** Sends what is still here. */
  stop(): Promise<void>
}

/**
 * Traces this process with OpenTelemetry when `OTEL_EXPORTER_OTLP_ENDPOINT` is set; its other variables mean what they always mean
 * (`OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`, …). Without it nothing is even loaded. Must be called before the modules that are traced
 * are: HTTP, pg and ioredis. Statements are traced with their placeholders and commands by their names: no values leave.
 */
export async function startTracing(name: string, env: Environment): Promise<Tracing | undefined> {
  if (!env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim()) return undefined
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url)
  const { NodeSDK } = await import('@opentelemetry/sdk-node')
  const sdk = new NodeSDK({
    serviceName: env['OTEL_SERVICE_NAME'] ?? `viatra-chat-${name}`,
    instrumentations: await instrumentations(),
    // Metrics are Prometheus' and logs are lines on stdout.
    metricReaders: [],
    logRecordProcessors: [],
  })
  sdk.start()
  return { stop: () => sdk.shutdown() }
}

async function instrumentations() {
  const [{ HttpInstrumentation }, { PgInstrumentation }, { IORedisInstrumentation }] = await Promise.all([
    import('@opentelemetry/instrumentation-http'),
    import('@opentelemetry/instrumentation-pg'),
    import('@opentelemetry/instrumentation-ioredis'),
  ])
  return [
    new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url }) => isProbe(url) }),
    // What the background loops ask every half second is no part of anybody's request.
    new PgInstrumentation({ requireParentSpan: true }),
    new IORedisInstrumentation({ requireParentSpan: true, dbStatementSerializer: (command) => command }),
  ]
}

const isProbe = (url = '') => /^\/(healthz|readyz)(\?|$)/.test(url)
