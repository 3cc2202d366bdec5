declare const written: unique symbol

/** A value that is written as JSON already, in UTF-8. */
export type JsonText<T = unknown> = Buffer & { readonly [written]: T }

export const writeJson = <T>(value: T): JsonText<T> => asJson<T>(Buffer.from(JSON.stringify(value)))

/** Says of bytes what they are; whoever calls this knows who wrote them. */
export const asJson = <T>(bytes: Buffer): JsonText<T> => bytes as JsonText<T>

/** An object of values that are written already. */
export function joinJson<T extends object>(fields: { [K in keyof T]: JsonText<T[K]> }): JsonText<T> {
  const parts = Object.entries<Buffer>(fields).flatMap(([name, value], n) => [Buffer.from(`${n === 0 ? '{' : ','}"${name}":`), value])
  return asJson(Buffer.concat([...parts, Buffer.from('}')]))
}
