import { bounds, depthOf } from '@viatra-chat/contract'

/**
 * Metadata as it may be shown. The door lets in nothing nested too deep, but a row that something else wrote would make an answer that
 * cannot be written as JSON, and so hide the whole page for ever: its metadata is left out.
 */
export function shownMetadata(metadata: Record<string, unknown>): Record<string, unknown> {
  return depthOf(metadata) > bounds.metadataDepthMax ? {} : metadata
}
