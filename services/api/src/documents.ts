import { asyncApiDocument } from '@viatra-chat/contract/asyncapi'
import { openApiDocument } from '@viatra-chat/contract/openapi'
import type { FastifyInstance } from 'fastify'

/** The contract as documents that programs read. */
export function addDocumentRoutes(app: FastifyInstance): void {
  serve(app, '/docs/openapi.json', openApiDocument())
  serve(app, '/docs/asyncapi.json', asyncApiDocument())
}

function serve(app: FastifyInstance, url: string, document: object): void {
  const text = JSON.stringify(document)
  app.get(url, async (_request, reply) => reply.type('application/json; charset=utf-8').send(text))
}
