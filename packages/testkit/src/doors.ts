import type { Failure, OperationName } from '@viatra-chat/contract'
import type { Connection } from './connection.js'
import type { Person } from './person.js'

/** One way in: the same question over REST or over a socket. */
export interface Door {
  readonly name: 'rest' | 'socket'
  /** Asks as this person. Input in snake_case. */
  ask(
    who: Person,
    operation: DoorOperation,
    input: Record<string, unknown>,
  ): Promise<{ success: true; data: Record<string, unknown> } | Failure>
}

/** Operations that both transports offer. */
export type DoorOperation = Extract<OperationName, 'send_message' | 'mark_read' | 'mark_delivered' | 'sync'>

const chat = '/api/v1/chat'
const routes: Record<DoorOperation, (input: Record<string, unknown>) => [method: string, path: string]> = {
  send_message: (input) => ['POST', `${chat}/conversations/${String(input.conversation_id)}/messages`],
  mark_read: (input) => ['POST', `${chat}/conversations/${String(input.conversation_id)}/read`],
  mark_delivered: (input) => ['POST', `${chat}/conversations/${String(input.conversation_id)}/delivered`],
  sync: (input) => [
    'GET',
    `${chat}/sync?${new URLSearchParams(Object.entries(input).map(([key, value]): [string, string] => [key, String(value)])).toString()}`,
  ],
}

const restDoor: Door = {
  name: 'rest',
  async ask(who, operation, input) {
    const [method, path] = routes[operation](input)
    const { body } = await who.rest(method, path, method === 'GET' ? undefined : input)
    return body as Awaited<ReturnType<Door['ask']>>
  },
}

const connections = new WeakMap<Person, Promise<Connection>>()

const socketDoor: Door = {
  name: 'socket',
  async ask(who, operation, input) {
    const open = connections.get(who) ?? who.connect()
    connections.set(who, open)
    const { conversation_id: conversationId, message_ids: messageIds, ...rest } = input
    const ack = await (
      await open
    ).ask(operation, { ...rest, ...(conversationId !== undefined && { conversationId }), ...(messageIds !== undefined && { messageIds }) })
    return ack as Awaited<ReturnType<Door['ask']>>
  },
}

/** For `describe.each`: rules that hold for both transports are told once for each. */
export const doors: readonly Door[] = [restDoor, socketDoor]
