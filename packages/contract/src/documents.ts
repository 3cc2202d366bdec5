import { asyncApiDocument } from './asyncapi.js'
import { openApiDocument } from './openapi.js'

const columnsMax = 140

/** The generated files of this package by name: the same text however often and wherever they are made. */
export function generatedFiles(): Record<string, string> {
  return { 'openapi.json': toText(openApiDocument()), 'asyncapi.json': toText(asyncApiDocument()) }
}

/** JSON as our formatter leaves it: an array without objects stays on one line while it fits. */
function toText(document: object): string {
  const text = JSON.stringify(document, null, 2)
  return `${text.replace(/^(.*)\[\n([^[\]{}]*?)\n\s*\](,?)$/gm, (whole, head: string, items: string, comma: string) => {
    const line = `${head}[${items
      .split('\n')
      .map((item) => item.trim())
      .join(' ')}]${comma}`
    return line.length <= columnsMax ? line : whole
  })}\n`
}
