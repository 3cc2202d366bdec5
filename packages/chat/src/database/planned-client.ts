import pg from 'pg'

// As many as the query builder makes of the operations; lists of values, which would make texts without end, go as they are.
const textsMax = 200
const names = new Map<string, string>()

/**
 * A client that has PostgreSQL parse and plan a statement once for each connection and not each time: planning a page of history takes longer
 * than reading it. Whether a plan fits all values is PostgreSQL's to decide (`plan_cache_mode`).
 */
export class PlannedClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config)
    Object.assign(this, { query: (...args: unknown[]): unknown => Reflect.apply(pg.Client.prototype.query, this, named(args)) })
  }
}

function named([text, values, ...rest]: unknown[]): unknown[] {
  if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return [text, values, ...rest]
  const name = nameOf(text)
  return name === undefined ? [text, values, ...rest] : [{ name, text, values: values as unknown[] }, ...rest]
}

function nameOf(text: string): string | undefined {
  const known = names.get(text)
  if (known !== undefined) return known
  if (names.size >= textsMax) return undefined
  const name = `chat-${names.size}`
  names.set(text, name)
  return name
}
