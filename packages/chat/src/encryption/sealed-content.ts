import type { KeyObject } from 'node:crypto'
import { decrypt, encrypt } from './gcm.js'

/** What somebody said in a message. */
export interface Said {
  content: string | null
  metadata: Record<string, unknown>
}

/** Which message it is. Sealed content can be opened in its own place only: rows that change places are not shown. */
export interface SealedPlace {
  conversationId: string
  messageId: string
}

// A byte for the form, four for the version of the conversation's key, then what was encrypted.
const form = 1
const headerLength = 5

export function sealContent({ version, dataKey }: { version: number; dataKey: KeyObject }, place: SealedPlace, said: Said): Buffer {
  const header = Buffer.alloc(headerLength)
  header.writeUInt8(form, 0)
  header.writeUInt32BE(version, 1)
  const plain = Buffer.from(JSON.stringify([said.content, said.metadata]))
  return Buffer.concat([header, encrypt(dataKey, plain, bindingOf(place, version))])
}

/** The version of the key that sealed it; undefined when these bytes are nothing that this product sealed. */
export function keyVersionOf(sealed: Buffer): number | undefined {
  return sealed.length > headerLength && sealed.readUInt8(0) === form ? sealed.readUInt32BE(1) : undefined
}

/** Undefined when it was sealed by another key, in another place, or was changed. */
export function openContent(
  { version, dataKey }: { version: number; dataKey: KeyObject },
  place: SealedPlace,
  sealed: Buffer,
): Said | undefined {
  const plain = decrypt(dataKey, sealed.subarray(headerLength), bindingOf(place, version))
  if (!plain) return undefined
  const [content, metadata] = JSON.parse(plain.toString()) as [Said['content'], Said['metadata']]
  return { content, metadata }
}

const bindingOf = ({ conversationId, messageId }: SealedPlace, version: number) =>
  `viatra-chat message ${form} ${version} ${conversationId} ${messageId}`
