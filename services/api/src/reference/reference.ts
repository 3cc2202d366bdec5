import fastifySwagger, { type StaticDocumentSpec } from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import { asyncApiDocument } from '@viatra-chat/contract/asyncapi'
import { openApiDocument } from '@viatra-chat/contract/openapi'
import type { FastifyInstance } from 'fastify'
import { eventPage } from './event-page.js'
import { eventStyle } from './event-style.js'

// Everything is served from here. Swagger UI sets styles in its markup; scripts it has in files only.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

// What answers with data need not say.
const ofPages = {
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** For people who build on the API: `/docs` with REST to try out, `/docs/events` with what goes over the socket. */
export async function addReference(app: FastifyInstance): Promise<void> {
  await app.register(async (pages) => addPages(pages))
}

async function addPages(app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(ofPages)
    done()
  })
  const events = eventPage(asyncApiDocument())
  app.get('/docs/events', async (_request, reply) => {
    return reply.header('content-security-policy', policy).type('text/html; charset=utf-8').send(events)
  })
  app.get('/docs/events.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(eventStyle))
  // Valid OpenAPI, as a test of the contract says; here only its type is another.
  const document = JSON.parse(JSON.stringify(openApiDocument())) as StaticDocumentSpec['document']
  await app.register(fastifySwagger, { mode: 'static', specification: { document } })
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: policy,
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true, persistAuthorization: false, displayRequestDuration: true },
    logo: { type: 'image/svg+xml', content: Buffer.from(logo) },
    theme: { title: 'Viatra Chat: REST', js: [{ filename: 'demo-token.js', content: demoToken }] },
  })
}

const logo = `<svg xmlns="http://www.w3.org/2000/svg" width="150" height="40"><text x="0" y="27" fill="#fff" font-family="system-ui, sans-serif" font-size="20" font-weight="700">Viatra Chat</text></svg>`

// In a local run the origin has demo people: the first is signed in, so that a call can be tried at once. Elsewhere there is no such path.
const demoToken = `
const bundle = window.SwaggerUIBundle
window.SwaggerUIBundle = Object.assign((config) => {
  const ui = bundle({ ...config, onComplete: () => void authorize(ui) })
  return ui
}, bundle)
async function authorize(ui) {
  const response = await fetch('/playground/people.json').catch(() => undefined)
  if (!response?.ok) return
  const { people } = await response.json()
  if (people.length > 0) ui.preauthorizeApiKey('bearer', people[0].token)
}
`
