import type { Static, TObject, TSchema } from '#typebox'
import { Compile, type Validator } from '#typebox/compile'
import { uuidPattern } from './ids.js'
import type { InputSettings, Operation } from './operation.js'
import { operations, type OperationName, type Operations } from './operations.js'
import type { FieldError } from './refusals.js'
import { checkStorable } from './text-rules.js'

// As tables, which the compiler works out once: as expressions they were worked out at each use, which took half of the time of a build.
type Inputs = { [N in OperationName]: Static<Operations[N]['input']> }
type Outputs = { [N in OperationName]: Operations[N] extends { output?: infer O extends TSchema } ? Static<O> : undefined }
/** Valid input of an operation: canonical names, ids in lower case, unknown fields gone. */
export type OperationInput<N extends OperationName> = Inputs[N]
/** The `data` of an operation's success. */
export type OperationOutput<N extends OperationName> = Outputs[N]

export type ParsedInput<N extends OperationName> = { ok: true; input: OperationInput<N> } | { ok: false; errors: FieldError[] }

export interface ParseOptions extends InputSettings {
  /** The values came as text, as in a query string: integers and lists are read from it. */
  fromText?: boolean
}

/**
 * The one step that turns what a client sent into what an operation takes: both spellings of each name, `null` as absent, unknown fields
 * left out, every rule of the contract checked. Never throws, whatever `raw` is.
 * `errors[].path` uses canonical names; a socket door spells them with {@link spellForSocket}.
 */
export function parseInput<N extends OperationName>(name: N, raw: unknown, options: ParseOptions): ParsedInput<N> {
  const entry: Operation = operations[name]
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return { ok: false, errors: everyRequired(entry) }
  const input = normalise(entry, raw as Record<string, unknown>, options.fromText ?? false)
  const errors = [...shapeErrors(name, input), ...storableErrors(input)]
  const wrong = errors.length === 0 ? ruleErrors(entry, input, options) : [...errors, ...checkTheRest(entry, input, errors, options)]
  return wrong.length > 0 ? { ok: false, errors: uniqueByPath(wrong) } : { ok: true, input: input as OperationInput<N> }
}

/** A socket envelope spells these in camelCase; everything else keeps its snake_case name. */
const socketSpelling: Record<string, string> = { conversation_id: 'conversationId', message_ids: 'messageIds' }

/** Rewrites the first part of a dotted path as socket clients know it: `message_ids.3` → `messageIds.3`. */
export function spellForSocket(error: FieldError): FieldError {
  const [head = '', ...rest] = error.path.split('.')
  return { ...error, path: [socketSpelling[head] ?? head, ...rest].join('.') }
}

function normalise(entry: Operation, raw: Record<string, unknown>, fromText: boolean): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  for (const { name, schema, spellings } of fieldsOf(entry)) {
    const value = firstGiven(raw, spellings)
    if (value !== undefined) input[name] = canonical(schema, fromText ? fromTextTo(schema, value) : value)
  }
  return input
}

function firstGiven(raw: Record<string, unknown>, spellings: readonly string[]): unknown {
  for (const spelling of spellings) {
    const value = Object.hasOwn(raw, spelling) ? raw[spelling] : undefined
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

interface Field {
  name: string
  schema: TSchema
  spellings: readonly string[]
}

// Worked out for every call they were one percent of what a send costs a gateway.
const knownFields = new WeakMap<Operation, readonly Field[]>()

function fieldsOf(entry: Operation): readonly Field[] {
  const known = knownFields.get(entry)
  if (known) return known
  const fields = Object.entries(entry.input.properties).map(([name, schema]) => ({ name, schema, spellings: spellingsOf(entry, name) }))
  knownFields.set(entry, fields)
  return fields
}

/** The names a field is accepted under, the canonical one first. */
export function spellingsOf(entry: Operation, name: string): string[] {
  const camelCase = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return [name, camelCase, ...(entry.aliases?.[name] ?? [])]
}

function canonical(schema: TSchema, value: unknown): unknown {
  if (isUuid(schema)) return typeof value === 'string' ? value.toLowerCase() : value
  const items = itemsOf(schema)
  return items && isUuid(items) && Array.isArray(value) ? value.map((item: unknown) => canonical(items, item)) : value
}

const isUuid = (schema: TSchema) => 'pattern' in schema && schema.pattern === uuidPattern
const itemsOf = (schema: TSchema): TSchema | undefined => ('items' in schema ? (schema.items as TSchema) : undefined)

function fromTextTo(schema: TSchema, value: unknown): unknown {
  if (typeof value !== 'string') return value
  if ('type' in schema && schema.type === 'integer') return /^-?\d{1,15}$/.test(value) ? Number(value) : value
  return itemsOf(schema) ? value.split(',') : value
}

const validators = new Map<OperationName, Validator>()

function validatorOf(name: OperationName): Validator {
  const known = validators.get(name)
  if (known) return known
  const schema: TObject = operations[name].input
  const made: Validator = Compile(schema)
  validators.set(name, made)
  return made
}

function shapeErrors(name: OperationName, input: Record<string, unknown>): FieldError[] {
  const validator = validatorOf(name)
  if (validator.Check(input)) return []
  return validator.Errors(input).flatMap((error) => {
    const path = error.instancePath.slice(1).replaceAll('/', '.')
    if (error.keyword !== 'required') return [{ path, message: error.message }]
    return error.params.requiredProperties.map((missing) => ({ path: path ? `${path}.${missing}` : missing, message: 'is required' }))
  })
}

function storableErrors(input: Record<string, unknown>): FieldError[] {
  const errors: FieldError[] = []
  for (const name in input) errors.push(...checkStorable(input[name], name))
  return errors
}

// A client corrects all its mistakes at once only if the rules of the sound fields are checked although another field is wrong.
function checkTheRest(entry: Operation, input: Record<string, unknown>, errors: FieldError[], settings: InputSettings): FieldError[] {
  const wrong = new Set(errors.map((error) => error.path.split('.')[0]))
  return ruleErrors(entry, input, settings).filter((error) => !wrong.has(error.path.split('.')[0]))
}

const ruleErrors = (entry: Operation, input: Record<string, unknown>, settings: InputSettings) => entry.check?.(input, settings) ?? []

function everyRequired(entry: Operation): FieldError[] {
  const required = Object.keys(entry.input.properties).filter((name) => entry.input.required?.includes(name))
  return (required.length > 0 ? required : ['']).map((path) => ({ path, message: path ? 'is required' : 'must be an object' }))
}

function uniqueByPath(errors: FieldError[]): FieldError[] {
  const first = new Map<string, FieldError>()
  for (const error of errors) if (!first.has(error.path)) first.set(error.path, error)
  return [...first.values()]
}
