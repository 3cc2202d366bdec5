import { expect, test } from 'vitest'
import { asyncApiDocument } from '../src/asyncapi.js'
import type { JsonObject } from '../src/json-schema.js'
import { openApiDocument } from '../src/openapi.js'

// Whoever builds on the API reads these documents only: whatever they name has to say what it is.

test.each([
  ['REST', openApiDocument()],
  ['socket', asyncApiDocument()],
])('every operation, parameter, field, answer and event of the %s document has a sentence', (_name, document) => {
  expect(silentPartsOf(document)).toEqual([])
})

test('every operation with a budget says how large it is, and every refusal what it means', () => {
  const { paths } = openApiDocument() as { paths: Record<string, Record<string, Described>> }
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    expect(operation.description).toMatch(/Limit: \d+ calls a minute/)
    for (const answer of Object.values(operation.responses)) expect('$ref' in answer || answer.description !== '').toBe(true)
  }
})

interface Described {
  description: string
  responses: Record<string, { $ref: string } | { description: string }>
}

/** Paths of what names something and does not describe it, neither itself nor by what it refers to. */
function silentPartsOf(document: JsonObject): string[] {
  const silent: string[] = []
  walk(document, '', (node, path, key) => {
    const isField = /\/properties$/.test(parentOf(path)) && !isEnvelope(key)
    const isNamed = /\/(parameters|headers|messages|operations|tags|responses|securitySchemes|servers)$/.test(parentOf(path))
    if ((isField || isNamed) && !isDescribed(node, document)) silent.push(path)
  })
  return silent
}

// `success` and `data` are explained once, for all answers; a constant says all of itself.
const isEnvelope = (key: string) => key === 'success' || key === 'data' || key === 'code'

function isDescribed(node: JsonObject, document: JsonObject): boolean {
  if (typeof node['description'] === 'string' || typeof node['summary'] === 'string') return true
  if (typeof node['$ref'] === 'string') return isDescribed(resolve(document, node['$ref']), document)
  const parts = [node['anyOf'], node['oneOf'], node['allOf']].find(Array.isArray) as JsonObject[] | undefined
  return parts?.some((part) => isDescribed(part, document)) ?? false
}

function resolve(document: JsonObject, reference: string): JsonObject {
  const keys = reference.replace('#/', '').split('/')
  return keys.reduce<unknown>((at, key) => (at as JsonObject)[key], document) as JsonObject
}

function walk(node: unknown, path: string, visit: (node: JsonObject, path: string, key: string) => void): void {
  if (typeof node !== 'object' || node === null) return
  if (!Array.isArray(node) && path !== '') visit(node as JsonObject, path, path.split('/').at(-1) ?? '')
  for (const [key, child] of Object.entries(node))
    if (key !== 'examples' && key !== 'example') walk(child, `${path}/${key.replaceAll('/', '~1')}`, visit)
}

const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'))
