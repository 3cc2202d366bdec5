import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { ProxyServer } from 'httpxy'
import { answerUnavailable } from './unavailable.js'

// A body up to this size is held, so that it can be offered to the next process. Beyond it comes only what will be refused as too large.
const heldBytesMax = 256 * 1024

/** Sends a request to the first of `ports` that takes it; 503 when none does. */
export async function forwardRequest(
  proxy: ProxyServer,
  ports: number[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  replaceForwarded(request)
  const body = await heldBody(request).catch(() => undefined)
  if (request.destroyed && !request.complete) return
  for (const port of ports) {
    const buffer = body && Readable.from(body.length > 0 ? [body] : [])
    try {
      await proxy.web(request, response, { target: `http://127.0.0.1:${port}`, xfwd: true, ...(buffer && { buffer }) })
      return
    } catch (error) {
      if (response.headersSent || !mayGoElsewhere(error, request, body)) break
    }
  }
  answerUnavailable(request, response)
}

/** A refused connection has carried nothing; of a broken one we cannot know, so only what changes nothing is repeated. */
function mayGoElsewhere(error: unknown, request: IncomingMessage, body: Buffer | undefined): boolean {
  if (body === undefined) return false
  const { code } = error as NodeJS.ErrnoException
  return code === 'ECONNREFUSED' || request.method === 'GET' || request.method === 'HEAD'
}

/** We are the edge: what a client claims about who it is forwarded for is not passed on. */
export function replaceForwarded(request: IncomingMessage): void {
  for (const name of Object.keys(request.headers)) if (name.startsWith('x-forwarded-')) delete request.headers[name]
}

/** The body of a request that announces a small one (or none); undefined when it has to be streamed. */
async function heldBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (request.headers['transfer-encoding'] !== undefined) return undefined
  const length = Number(request.headers['content-length'] ?? 0)
  if (!(length <= heldBytesMax)) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
