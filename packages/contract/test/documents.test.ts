import { readFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import { asyncApiDocument } from '../src/asyncapi.js'
import { generatedFiles } from '../src/documents.js'
import { events, operations, refusals, type Operation } from '../src/index.js'
import type { JsonObject } from '../src/json-schema.js'
import { openApiDocument } from '../src/openapi.js'

const entries = Object.entries<Operation>(operations)

test.each(Object.entries(generatedFiles()))('the committed %s is what the contract generates', (name, text) => {
  expect(readFileSync(new URL(`../generated/${name}`, import.meta.url), 'utf8')).toBe(text)
})

describe('the OpenAPI document', () => {
  const document = openApiDocument() as { paths: Record<string, Record<string, { operationId: string; responses: object }>> }

  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    expect(await validator.validate(document)).toMatchObject({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  test('has every operation with a REST door, and no other', () => {
    const described = Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId))
    expect(described.sort()).toEqual(entries.flatMap(([name, { rest }]) => (rest ? [name] : [])).sort())
  })

  test('says how each operation fails', () => {
    for (const methods of Object.values(document.paths))
      for (const { responses } of Object.values(methods))
        expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '401', '429', '503']))
  })

  test('refers only to what it holds', () => expectReferencesToResolve(openApiDocument()))
})

describe('the AsyncAPI document', () => {
  test('is valid AsyncAPI 3.0', async () => {
    const { document, diagnostics } = await new Parser().parse(JSON.stringify(asyncApiDocument()))
    expect(diagnostics.filter(({ severity }) => severity <= 1)).toEqual([])
    expect(document?.version()).toBe('3.0.0')
  })

  test('has every operation with a socket door and every event', () => {
    const { operations: described } = asyncApiDocument() as { operations: object }
    const received = entries.flatMap(([name, { socket }]) => (socket ? [name] : []))
    expect(Object.keys(described).sort()).toEqual([...received, ...Object.keys(events).map((name) => `send_${name}`)].sort())
  })

  test('refers only to what it holds', () => expectReferencesToResolve(asyncApiDocument()))
})

test('every operation, event and refusal has a sentence', () => {
  for (const { summary } of [...Object.values(operations), ...Object.values(events)]) expect(summary).toMatch(/\.$/)
  for (const { message } of Object.values(refusals)) expect(message).toMatch(/\.$/)
})

function expectReferencesToResolve(document: JsonObject): void {
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)
  const missing = [...references].map(([, path = '']) => path).filter((path) => resolve(document, path.split('/')) === undefined)
  expect(missing).toEqual([])
}

const resolve = (node: unknown, path: string[]) => path.reduce((at, key) => (at as Record<string, unknown> | undefined)?.[key], node)
