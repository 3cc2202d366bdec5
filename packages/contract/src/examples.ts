import { examples } from './examples.generated.js'
import type { JsonObject } from './json-schema.js'

/** What was sent and answered once, as a test recorded it; ids and times are made plain. */
export interface Examples {
  /** By operation: the body that was sent, and the whole answer. */
  rest: Record<string, { body?: unknown; answer: unknown }>
  /** By event of a client: its payload, and the acknowledgement. */
  asked: Record<string, { payload: unknown; answer: unknown }>
  /** By event of the server. */
  told: Record<string, unknown>
}

export const restExample = (name: string): Examples['rest'][string] | undefined => examples.rest[name]

/** The `examples` of a message in AsyncAPI; nothing when there is none. */
export function messageExamples(kind: 'asked' | 'answered' | 'told', name: string): JsonObject {
  const asked = examples.asked[name]
  const payload = { asked: asked?.payload, answered: asked?.answer, told: examples.told[name] }[kind]
  return payload === undefined ? {} : { examples: [{ payload }] }
}
