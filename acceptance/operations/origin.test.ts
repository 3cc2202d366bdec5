import { createServer, request, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, type TestContext } from 'vitest'
import { findProgramOrSkip } from './find-program.js'
import { freePort } from './free-port.js'
import { startNginx } from './nginx.js'

// The template of the compose file before services that are stand-ins, since a real one cannot be made to die with a request half read.
const messages = '/api/v1/chat/conversations/0b6e7e0c-7d0a-4a8e-9a52-3f4a0f6f9d11/messages'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

test.for<[string, string, string, Record<string, string>]>([
  ['a read', 'GET', '/api/v1/chat/conversations', {}],
  ['a send', 'POST', messages, {}],
  ['a send with a key', 'POST', messages, { 'idempotency-key': 'k' }],
  ['a handshake', 'GET', '/socket.io/?EIO=4&transport=polling', {}],
])('%s comes with who calls as nginx saw it, whatever the caller claims', async ([, method, path, own], context) => {
  const seen: IncomingHttpHeaders[] = []
  const service = await standIn((call, answer) => {
    seen.push(call.headers)
    answer.end()
  })
  const port = await originBefore([service, service], context)
  const claims = { host: 'chat.example.org', 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-request-id': 'r1', ...own }
  expect(await statusOf(port, method, path, claims)).toBe(200)
  expect(seen).toEqual([
    expect.objectContaining({
      host: 'chat.example.org',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-request-id': 'r1',
      ...own,
    }),
  ])
})

test('a process dies with sends on the way: those with a key go to the next one, those without are the caller’s to repeat', async (context) => {
  const died: string[] = []
  const stored: string[] = []
  const dying = await standIn((call) => {
    died.push(String(call.headers['x-request-id']))
    call.socket.destroy()
  })
  const living = await standIn((call, answer) => {
    stored.push(String(call.headers['x-request-id']))
    answer.writeHead(201).end()
  })
  const port = await originBefore([dying, living], context)
  const send = (id: string, key?: string) =>
    statusOf(port, 'POST', messages, { 'x-request-id': id, ...(key && { 'idempotency-key': key }) })

  for (const id of ['1', '2', '3', '4']) expect(await send(id, `key ${id}`)).toBe(201)
  expect(stored).toEqual(['1', '2', '3', '4'])
  expect(died).not.toEqual([])
  for (const id of ['5', '6', '7', '8']) expect(await send(id)).toBe(died.includes(id) ? 502 : 201)
  expect(stored.filter((id) => died.includes(id) && Number(id) > 4)).toEqual([])
  expect(new Set([...stored, ...died]).size).toBe(8)
})

/** nginx before two services that are API and gateway at once. @returns its port */
async function originBefore([first, second]: [Server, Server], context: TestContext): Promise<number> {
  const nginx = await findProgramOrSkip('nginx', context)
  const port = await freePort()
  const [one, two] = [addressOf(first), addressOf(second)]
  const { stop } = await startNginx(nginx, { ORIGIN_PORT: String(port), API_1: one, API_2: two, GATEWAY_1: one, GATEWAY_2: two })
  cleanups.push(stop)
  return port
}

/** `node:http`, since `fetch` does not let a caller say which host it means. */
function statusOf(port: number, method: string, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode))
    })
    call.on('error', reject).end()
  })
}

async function standIn(listener: RequestListener): Promise<Server> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(async () => {
    server.close()
    server.closeAllConnections()
  })
  return server
}

const addressOf = (server: Server) => `127.0.0.1:${(server.address() as AddressInfo).port}`
