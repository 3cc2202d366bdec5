import { createChatClient, type ChatClient, type ChatClientOptions, type ChatEvents } from '@viatra-chat/client'
import { eventually, type Person, type World } from '@viatra-chat/testkit'
import { expect, onTestFinished } from 'vitest'

/** A client of a person with everything it told, closed when the test ends. */
export interface Listener {
  client: ChatClient
  told<K extends keyof ChatEvents>(event: K): ChatEvents[K][]
  /** Contents of the messages told so far. */
  contents(): (string | null)[]
  /** Waits for exactly these contents. */
  hears(contents: readonly string[], timeoutMs?: number): Promise<void>
  becomes(state: ChatClient['state'], timeoutMs?: number): Promise<void>
}

const events = [
  'state',
  'message',
  'message_deleted',
  'receipt',
  'typing',
  'presence',
  'conversation',
  'conversation_removed',
  'pending',
  'reset',
  'error',
] as const satisfies (keyof ChatEvents)[]

/** Not connected yet. */
export function clientOf(world: World, person: Person, options: Partial<ChatClientOptions> = {}): Listener {
  const client = createChatClient({
    url: world.apis[0] ?? '',
    socketUrl: world.gateways[0] ?? '',
    getToken: () => person.token,
    log: (line) => process.env.TEST_LOG_LEVEL && console.log(person.name, line),
    backOff: { firstMs: 100, maxMs: 1000 },
    ...options,
  })
  const all: [keyof ChatEvents, unknown][] = []
  for (const event of events) client.on(event, (payload) => all.push([event, payload]))
  onTestFinished(() => client.close())
  const told = <K extends keyof ChatEvents>(event: K) =>
    all.filter(([name]) => name === event).map(([, payload]) => payload as ChatEvents[K])
  const contents = () => told('message').map(({ content }) => content)
  return {
    client,
    told,
    contents,
    hears: (expected, timeoutMs) => eventually(() => expect(contents()).toEqual(expected), timeoutMs),
    becomes: (state, timeoutMs) => eventually(() => expect(client.state).toBe(state), timeoutMs),
  }
}

/** Connected and joined. */
export async function listenerOf(
  world: World,
  person: Person,
  conversation: { id: string },
  options: Partial<ChatClientOptions> = {},
): Promise<Listener> {
  const listener = clientOf(world, person, options)
  listener.client.connect()
  await listener.client.join(conversation.id)
  return listener
}

export const upTo = (count: number) => Array.from({ length: count }, (_, i) => `message ${i + 1}`)
