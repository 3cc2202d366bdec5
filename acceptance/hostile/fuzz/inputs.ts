import { operations, spellingsOf, type OperationName } from '@viatra-chat/contract'
import fc from 'fast-check'
import { fitting, hostile, spoiled, type JsonSchema } from './values.js'

/** How far an input is from what the contract wants. `broken`: not even JSON, or of another type. */
export type Kind = 'fitting' | 'nearly' | 'hostile' | 'broken'

export interface FuzzInput {
  operation: OperationName
  kind: Kind
  /** With marks in the place of ids and of what JSON cannot say. */
  input: Record<string, unknown>
  /** What a broken one suffers: where, and what is put there. */
  damage: { at: number; text: string; cut: number }
  contentType: string
  /** Which of the people asks. */
  person: number
}

const names = Object.keys(operations) as OperationName[]
// The first store what they are given; the others answer with much, which makes all that follows slower.
const often: readonly OperationName[] = ['send_message', 'update_conversation']
const rare: readonly OperationName[] = ['sync', 'list_conversations', 'create_conversation']
const weightOf = (operation: OperationName) => (often.includes(operation) ? 8 : rare.includes(operation) ? 1 : 4)

/** Inputs of every operation that one of the transports has, from its schema. */
export function inputsFor(transport: 'rest' | 'socket'): fc.Arbitrary<FuzzInput> {
  const chosen = names.filter((name) => transport in operations[name])
  return fc.oneof(...chosen.map((operation) => ({ weight: weightOf(operation), arbitrary: inputsOf(operation) })))
}

function inputsOf(operation: OperationName): fc.Arbitrary<FuzzInput> {
  return fc.oneof(
    ofKind('fitting', operation, fittingInput(operation)),
    { weight: 2, arbitrary: ofKind('nearly', operation, nearlyFitting(operation)) },
    ofKind('hostile', operation, hostileInput(operation)),
    ofKind('broken', operation, fittingInput(operation)),
  )
}

function ofKind(kind: Kind, operation: OperationName, input: Inputs): fc.Arbitrary<FuzzInput> {
  return fc.record({
    operation: fc.constant(operation),
    kind: fc.constant(kind),
    input,
    damage: fc.record({ at: fc.nat({ max: 200 }), text: fc.string({ unit: 'binary', maxLength: 4 }), cut: fc.nat({ max: 5 }) }),
    contentType: contentTypes(kind),
    person: fc.nat({ max: 5 }),
  })
}

type Inputs = fc.Arbitrary<Record<string, unknown>>

function fittingInput(operation: OperationName): Inputs {
  const { properties = {}, required = [] } = schemaOf(operation)
  const fields = Object.fromEntries(Object.entries(properties).map(([field, schema]) => [field, fitting(schema, field)]))
  return fc.record(fields, { requiredKeys: [...required] })
}

/** As plain JSON Schema, without what the types of TypeBox know. */
const schemaOf = (operation: OperationName) => JSON.parse(JSON.stringify(operations[operation].input)) as JsonSchema

/** One field is wrong, is spelled in another way, is missing, or is one too many. */
function nearlyFitting(operation: OperationName): Inputs {
  const { properties = {} } = schemaOf(operation)
  const wrong = Object.entries(properties).map(([field, schema]) =>
    fc.tuple(
      fc.constantFrom(...spellingsOf(operations[operation], field)),
      fc.oneof(spoiled(schema, field), hostile(), fc.constant(undefined)),
    ),
  )
  const tooMany = fc.tuple(fc.constantFrom('sender_id', 'id', 'seq', '__proto__', 'constructor', 'is_deleted', 'user_id'), hostile())
  return fc.tuple(fittingInput(operation), fc.oneof(tooMany, ...wrong)).map(([input, [field, value]]) => {
    const others = Object.entries(input).filter(([name]) => name !== field)
    // Not an assignment: `__proto__` would vanish in it.
    return Object.fromEntries(value === undefined ? others : [...others, [field, value]])
  })
}

function hostileInput(operation: OperationName): Inputs {
  const fields = Object.keys(operations[operation].input.properties)
  return fc.dictionary(fc.oneof(fc.constantFrom('x', ...fields), fc.string({ maxLength: 5 })), hostile(), { maxKeys: 6 })
}

const contentTypes = (kind: Kind) =>
  kind === 'broken'
    ? fc.constantFrom(
        'application/json',
        'text/plain',
        'application/json garbage',
        'multipart/form-data',
        'application/json; charset=utf-16',
      )
    : fc.constant('application/json')

/** Text as a broken client would send it. */
export function damaged(text: string, { at, text: inserted, cut }: FuzzInput['damage']): string {
  const place = at % (text.length + 1)
  return text.slice(0, place) + inserted + text.slice(place + cut)
}
