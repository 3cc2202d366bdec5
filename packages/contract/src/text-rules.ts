import { bounds } from './bounds.js'
import type { FieldError } from './refusals.js'

// White space, format characters (zero-width ones, marks of direction, soft hyphen), and letters that are drawn as nothing.
const blank = /^[\s\p{Cf}\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f]*$/u

/** True for text a reader would see as nothing: empty, white space or zero-width characters only. */
export const isBlank = (text: string): boolean => blank.test(text)

/** Length in code points, the unit of every text limit; an emoji of two UTF-16 units counts once. */
export function codePointLength(text: string): number {
  let length = 0
  for (let i = 0; i < text.length; i++, length++) if ((text.codePointAt(i) ?? 0) > 0xffff) i++
  return length
}

/** The first `count` code points of a text; never cuts a surrogate pair. */
export function firstCodePoints(text: string, count: number): string {
  return text.length <= count ? text : [...text.slice(0, count * 2)].slice(0, count).join('')
}

/** Walks a JSON value without recursion, so that hostile nesting costs no stack, and names every string that cannot be stored verbatim. */
export function checkStorable(value: unknown, path: string): FieldError[] {
  if (typeof value === 'string') return problemAt(path, value)
  const errors: FieldError[] = []
  const open: { value: unknown; path: string }[] = [{ value, path }]
  for (let item = open.pop(); item; item = open.pop()) {
    errors.push(...problemAt(item.path, item.value))
    if (typeof item.value !== 'object' || item.value === null) continue
    for (const [key, child] of Object.entries(item.value)) {
      const childPath = `${item.path}.${key}`
      if (!Array.isArray(item.value)) errors.push(...keyProblems(key, child, item.path))
      open.push({ value: child, path: childPath })
    }
  }
  return errors
}

function problemAt(path: string, value: unknown): FieldError[] {
  const message = storableProblem(value)
  return message === undefined ? none : [{ path, message }]
}

const none: FieldError[] = []

function storableProblem(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'must be a finite number'
  if (typeof value !== 'string') return isJson(value) ? undefined : 'must be JSON'
  if (value.includes('\0')) return 'must not contain NUL'
  return value.isWellFormed() ? undefined : 'must not contain half a surrogate pair'
}

// Sockets can carry binary attachments; they arrive as Buffers, which JSON would turn into objects of numbers.
const isJson = (value: unknown) =>
  value === null ||
  typeof value === 'boolean' ||
  (typeof value === 'object' && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer))

function keyProblems(key: string, child: unknown, path: string): FieldError[] {
  if (key === '__proto__' || (key === 'constructor' && typeof child === 'object' && child !== null && 'prototype' in child))
    return [{ path, message: 'must not have a key that names a prototype' }]
  return storableProblem(key) ? [{ path, message: 'must not have a key with NUL or half a surrogate pair' }] : []
}

/** Levels of nesting, the value itself being level 1; counts at most one more than the bound. */
export function depthOf(value: object): number {
  let level: object[] = [value]
  let depth = 0
  while (level.length > 0 && depth <= bounds.metadataDepthMax) {
    depth++
    level = level.flatMap((node) => Object.values(node).filter((child): child is object => typeof child === 'object' && child !== null))
  }
  return depth
}
