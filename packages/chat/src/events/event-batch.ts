/** Where batches are published. The number is that of their form: one that cannot be read by an older process gets another channel. */
export const batchChannel = 'chat:events:2'

/** A message for a channel of Socket.IO's, or a new message behind its mark; see `new-message.ts`. */
export type ChannelMessage = readonly [channel: string, message: string]

// Neither is in a channel's name, and JSON escapes both; a frame has a tab of its own, after the first.
const lineEnd = '\n'
const separator = '\t'

/** Several messages as one, in their order. */
export function writeBatch(messages: readonly ChannelMessage[]): string {
  return messages.map(([channel, message]) => channel + separator + message).join(lineEnd)
}

/** The messages as though each had come alone. What is not one is given as a message for no channel. */
export function readBatch(text: string): ChannelMessage[] {
  return text.split(lineEnd).map((line) => {
    const end = line.indexOf(separator)
    return end < 0 ? ['', line] : [line.slice(0, end), line.slice(end + separator.length)]
  })
}
