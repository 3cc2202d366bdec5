const namesMax = 500
const names = new Map<string, string>()

/**
 * A short name for a statement: what it does and the first table it does it to (`select messages`, `insert outbox`). There are as many
 * as there are verbs and tables, however many texts the query builder makes.
 */
export function nameStatement(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = readName(text)
  // Lists of values make new texts without end; they cost a look each, not memory.
  if (names.size < namesMax) names.set(text, name)
  return name
}

const writes = /\b(insert\s+into|update|delete\s+from)\s+(?!of\b|skip\b|set\b)"?([a-z_]+)"?/i
// Not what comes before a bracket: that is a function, such as unnest, and the table is joined to it.
const reads = /\b(?:from|join)\s+"?([a-z_]+)\b"?(?!\s*\()/i

function readName(text: string): string {
  const [, verb, written] = writes.exec(text) ?? []
  if (verb !== undefined && written !== undefined) return `${verb.split(/\s/)[0]?.toLowerCase() ?? ''} ${written}`
  const [, read] = reads.exec(text) ?? []
  return read === undefined ? 'other' : `select ${read}`
}
