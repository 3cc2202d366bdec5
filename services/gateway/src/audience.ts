/** Who is meant by a message between processes. */
export interface GivenAudience {
  rooms: string[]
  except?: string[]
}

/** Without a room it would be for everybody, which nothing of ours is. */
export const isAudience = (value: unknown): value is GivenAudience =>
  isObject(value) && isTexts(value['rooms'], 1) && (value['except'] === undefined || isTexts(value['except']))

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isTexts = (value: unknown, lengthMin = 0): value is string[] =>
  Array.isArray(value) && value.length >= lengthMin && value.every((item) => typeof item === 'string')
