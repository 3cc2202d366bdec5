/** Ids of a running product, by what they name. */
export interface KnownIds {
  conversation: readonly string[]
  message: readonly string[]
  person: readonly string[]
}

/** What inputs are tried on. */
export interface Target {
  ids: KnownIds
  /** Is told what each input came to: `ok`, a code of the contract, `closed`. */
  note(outcome: string): void
}

/** Stands for the nth known id of a kind, so that the same seed makes the same inputs in every run. */
export const idMark = (kind: keyof KnownIds, n: number) => `«${kind}:${n}»`
/** Stands for JSON that JSON.stringify would not write: `1e400`, nesting without end. */
export const rawMark = (json: string) => `«raw:${json}»`

/** Puts what they stand for into the place of all marks of a text. */
export function withoutMarks(text: string, ids: KnownIds): string {
  return text
    .replace(/"«raw:([^»]*)»"/g, '$1')
    .replace(
      /«(conversation|message|person):(\d+)»/g,
      (_, kind: keyof KnownIds, n: string) => ids[kind][Number(n) % ids[kind].length] ?? '',
    )
}
