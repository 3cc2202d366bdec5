import { escapeHtml } from './markup.js'

/** JSON Schema, as far as the contract uses it. */
export interface Schema {
  type?: string
  description?: string
  properties?: Record<string, Schema>
  required?: readonly string[]
  items?: Schema | readonly Schema[]
  anyOf?: readonly Schema[]
  oneOf?: readonly Schema[]
  allOf?: readonly Schema[]
  enum?: readonly unknown[]
  const?: unknown
  format?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  $ref?: string
}

export interface Field {
  /** Dotted, below the payload. */
  path: string
  /** HTML: names of objects are links. */
  type: string
  isRequired: boolean
  description: string
}

/** Every field of a payload or object; what is named in the document is linked, not repeated. */
export function listFields(schema: Schema, prefix = ''): Field[] {
  const parts = [schema, ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  return parts.flatMap((part) =>
    Object.entries(part.properties ?? {}).flatMap(([name, property]) => {
      const path = `${prefix}${name}`
      const field = {
        path,
        type: typeOf(property),
        isRequired: part.required?.includes(name) ?? false,
        description: descriptionOf(property),
      }
      return [field, ...listFields(property, `${path}.`)]
    }),
  )
}

function descriptionOf({ description = '', minimum, maximum, minLength, maxLength, minItems, maxItems }: Schema): string {
  const bounds = [range(minimum, maximum, ''), range(minLength, maxLength, ' characters'), range(minItems, maxItems, ' entries')]
  return [description, ...bounds].filter(Boolean).join(' ')
}

function range(from: number | undefined, to: number | undefined, unit: string): string {
  if (from === undefined && to === undefined) return ''
  return from === undefined ? `At most ${to}${unit}.` : `${from}${to === undefined ? ' or more' : ` to ${to}`}${unit}.`
}

function typeOf(schema: Schema): string {
  if (schema.$ref) return link(schema.$ref)
  const choices = schema.anyOf ?? schema.oneOf ?? (schema.allOf?.length === 1 ? schema.allOf : undefined)
  if (choices) return choices.map(typeOf).join(' or ')
  const values = schema.const === undefined ? schema.enum : [schema.const]
  if (values) return values.length > 6 ? 'a code' : values.map((value) => `<code>${escapeHtml(JSON.stringify(value))}</code>`).join(' or ')
  return schema.type === 'array' ? `list of ${itemsOf(schema)}` : plainTypeOf(schema)
}

const plainTypeOf = ({ format, type }: Schema) => (format === 'date-time' ? 'time' : (type ?? 'any'))

function itemsOf({ items }: Schema): string {
  if (items === undefined) return 'any'
  return Array.isArray(items) ? `[${(items as readonly Schema[]).map(typeOf).join(', ')}]` : typeOf(items as Schema)
}

function link(reference: string): string {
  const name = reference.split('/').at(-1) ?? ''
  return `<a href="#${name}">${name}</a>`
}
