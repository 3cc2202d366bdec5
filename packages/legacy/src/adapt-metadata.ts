import { checkMetadata } from '@viatra-chat/contract'

/** Metadata that today's rules refuse, in a form that they allow. */
export interface Adapted {
  metadata: Record<string, unknown>
  /** What was wrong, for people. */
  problem: string
}

/**
 * Undefined when metadata, given as JSON text, may stay as it is. A key whose type apps rely on is renamed `legacy_…` where its value is of another
 * type; what is no object, too deep or too large becomes empty. Whoever calls this keeps the original.
 */
export function adaptMetadata(text: string): Adapted | undefined {
  const value: unknown = JSON.parse(text)
  if (!isObject(value)) return { metadata: {}, problem: 'is not an object' }
  const errors = checkMetadata(value)
  if (errors.length === 0) return undefined
  const problem = errors.map(({ path, message }) => `${path} ${message}`).join('; ')
  const wrong = new Set(errors.map(({ path }) => path.replace('metadata.', '')))
  const renamed = Object.fromEntries(Object.entries(value).map(([key, child]) => [wrong.has(key) ? `legacy_${key}` : key, child]))
  return { metadata: checkMetadata(renamed).length === 0 ? renamed : {}, problem }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
