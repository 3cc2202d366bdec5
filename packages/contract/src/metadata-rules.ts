import { bounds } from './bounds.js'
import type { FieldError } from './refusals.js'
import { depthOf } from './text-rules.js'

const isText = (value: unknown) => typeof value === 'string'
const orNull = (rule: (value: unknown) => boolean) => (value: unknown) => value === null || rule(value)

// Published apps cast these keys; any other type would crash them.
const typedKeys: Record<string, { fits: (value: unknown) => boolean; message: string }> = {
  name: { fits: isText, message: 'must be a string' },
  description: { fits: isText, message: 'must be a string' },
  avatar_url: { fits: isText, message: 'must be a string' },
  attachment_url: { fits: orNull(isText), message: 'must be a string or null' },
  file_name: { fits: orNull(isText), message: 'must be a string or null' },
  file_size: { fits: orNull(Number.isSafeInteger), message: 'must be an integer or null' },
}

/**
 * Names what is wrong with a metadata object: depth, size, or a typed key of another type.
 * With `nullRemoves`, as in a patch, null is allowed for every key.
 */
export function checkMetadata(metadata: Record<string, unknown>, options: { nullRemoves?: boolean } = {}): FieldError[] {
  if (depthOf(metadata) > bounds.metadataDepthMax)
    return [{ path: 'metadata', message: `must not be nested deeper than ${bounds.metadataDepthMax} levels` }]
  return [...checkSize(metadata), ...checkTypedKeys(metadata, options.nullRemoves ?? false)]
}

function checkSize(metadata: Record<string, unknown>): FieldError[] {
  const bytes = new TextEncoder().encode(JSON.stringify(metadata)).length
  return bytes > bounds.metadataBytesMax
    ? [{ path: 'metadata', message: `must not be larger than ${bounds.metadataBytesMax} bytes as JSON, is ${bytes}` }]
    : []
}

function checkTypedKeys(metadata: Record<string, unknown>, nullRemoves: boolean): FieldError[] {
  return Object.entries(typedKeys).flatMap(([key, { fits, message }]) => {
    if (!Object.hasOwn(metadata, key)) return []
    const value = metadata[key]
    return fits(value) || (nullRemoves && value === null) ? [] : [{ path: `metadata.${key}`, message }]
  })
}
