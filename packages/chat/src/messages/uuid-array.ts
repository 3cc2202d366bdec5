// How PostgreSQL receives arrays: dimensions, whether there are nulls, type and number of the elements, the number of the first; then each with its length.
const headerBytes = 20
const uuidType = 2950
const uuidBytes = 16
const elementBytes = 4 + uuidBytes

const notHex = 16
const digits = new Uint8Array(256).fill(notHex)
for (let value = 0; value < 16; value++)
  for (const digit of [value.toString(16), value.toString(16).toUpperCase()]) digits[digit.charCodeAt(0)] = value

/**
 * Ids as the binary value of a parameter of type `uuid[]`: reading them as text takes PostgreSQL a tenth of what it takes to store a message.
 * @throws for what is no UUID of 36 characters.
 */
export function uuidArray(ids: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + ids.length * elementBytes)
  bytes.writeInt32BE(1, 0)
  bytes.writeInt32BE(0, 4)
  bytes.writeInt32BE(uuidType, 8)
  bytes.writeInt32BE(ids.length, 12)
  bytes.writeInt32BE(1, 16)
  let at = headerBytes
  for (const id of ids) {
    at = bytes.writeInt32BE(uuidBytes, at)
    at = writeUuid(bytes, id, at)
  }
  return bytes
}

function writeUuid(bytes: Buffer, id: string, start: number): number {
  let at = start
  let seen = id.length === 36 ? 0 : notHex
  for (let i = 0; i < 36; i += 2) {
    if (i === 8 || i === 13 || i === 18 || i === 23) i++
    const high = digits[id.charCodeAt(i)] ?? notHex
    const low = digits[id.charCodeAt(i + 1)] ?? notHex
    seen |= high | low
    bytes[at++] = (high << 4) | low
  }
  if (seen >= notHex) throw new Error(`${id} is no UUID`)
  return at
}
