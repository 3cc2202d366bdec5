import type { Message } from '@viatra-chat/contract'

/** A message with its JSON, which is written once for its event and for its sender's answer. */
export interface WrittenMessage {
  readonly message: Message
  readonly json: string
}

export function writeMessage(message: Message): WrittenMessage {
  return { message, json: JSON.stringify(message) }
}
