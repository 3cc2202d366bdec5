import type { IncomingMessage, ServerResponse } from 'node:http'

/** Something that the origin answers itself. */
export interface OwnPage {
  /** Media type. */
  type: string
  body: string | Buffer
}

/** Gives the page of a path; undefined when the path belongs to the services. */
export type Site = (path: string, request: IncomingMessage) => Promise<OwnPage | undefined>

// Pages load from their origin only, and connect to it only. Their scripts style by properties, which needs no exception.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function answerWithPage(page: OwnPage, instanceId: string, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': page.type,
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-viatra-instance': instanceId,
    'cache-control': 'no-store',
  })
  response.end(request.method === 'HEAD' ? undefined : page.body)
}
