import { ProxyTracerProvider, SpanStatusCode, trace, type Span } from '@opentelemetry/api'

const tracerName = 'viatra-chat'
const tracer = trace.getTracer(tracerName)
const provider = trace.getTracerProvider()

// Until somebody traces, be it this service or who loaded it, the library's provider stands for none.
const isTraced = () => !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(tracerName) !== undefined

/**
 * Runs something as a span of the trace that is under way, or of a new one. Costs next to nothing while nobody traces.
 * @param attributes are seen by whoever reads traces: no content, no tokens.
 */
export function inSpan<T>(name: string, attributes: Record<string, string>, run: () => Promise<T>): Promise<T> {
  if (!isTraced()) return run()
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await run()
    } catch (error) {
      noteFailure(span, error)
      throw error
    } finally {
      span.end()
    }
  })
}

// Its code says enough; a message may repeat what somebody wrote.
function noteFailure(span: Span, error: unknown): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'INTERNAL'
  span.setAttribute('chat.outcome', code)
  if (code === 'INTERNAL' || code === 'UNAVAILABLE') span.setStatus({ code: SpanStatusCode.ERROR, message: code })
}
