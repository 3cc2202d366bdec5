import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openOrigin, type Origin } from '../src/origin/origin.js'
import { findFreePort } from '../src/processes/find-free-port.js'

let servers: Server[]
let origin: Origin
let url: string

beforeEach(async () => {
  servers = await Promise.all([standIn('api a'), standIn('api b'), standIn('gateway a'), standIn('gateway b')])
  const [apiA, apiB, gatewayA, gatewayB] = servers.map(portOf)
  const port = await findFreePort()
  url = `http://127.0.0.1:${port}`
  origin = await openOrigin({
    port,
    apiPorts: [apiA, apiB].filter(isPort),
    gatewayPorts: [gatewayA, gatewayB].filter(isPort),
    instanceId: 'this-one',
    site: async (path) => (path === '/' ? { type: 'text/html', body: '<h1>here</h1>' } : undefined),
  })
})

afterEach(async () => {
  await origin.close()
  for (const server of servers) stop(server)
})

test('requests go to the APIs in turn, bodies and all', async () => {
  const answers = [await post('/api/v1/x', 'one'), await post('/api/v1/x', 'two')]
  expect(answers.map(({ name }) => name).toSorted()).toEqual(['api a', 'api b'])
  expect(answers.map(({ body }) => body)).toEqual(['one', 'two'])
})

test('a dead API is passed over, also by a request with a body', async () => {
  stop(servers[0])
  for (const body of ['one', 'two', 'three', 'four']) expect(await post('/api/v1/x', body)).toMatchObject({ name: 'api b', body })
})

test('without any API the answer is 503 in the envelope of the contract', async () => {
  servers.forEach(stop)
  const response = await fetch(`${url}/api/v1/x`, { headers: { 'x-request-id': 'mine' } })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(await response.json()).toMatchObject({ success: false, code: 'UNAVAILABLE', request_id: 'mine' })
})

test('a client cannot claim to be forwarded for somebody else', async () => {
  const response = await fetch(`${url}/api/v1/x`, { headers: { 'x-forwarded-for': '6.6.6.6' } })
  expect(await response.json()).toMatchObject({ forwardedFor: '127.0.0.1' })
})

test('the root is a page that names the instance', async () => {
  const response = await fetch(url)
  expect(response.headers.get('x-viatra-instance')).toBe('this-one')
  expect(await response.text()).toBe('<h1>here</h1>')
})

test('sockets go to the gateways in turn, and a dead gateway is passed over', async () => {
  const names = [await upgrade('/socket.io/?EIO=4'), await upgrade('/socket.io/?EIO=4')]
  expect(names.toSorted()).toEqual(['gateway a', 'gateway b'])
  stop(servers[2])
  expect([await upgrade('/socket.io/'), await upgrade('/socket.io/')]).toEqual(['gateway b', 'gateway b'])
  stop(servers[3])
  expect(await upgrade('/socket.io/')).toContain('503')
})

test('there is no socket anywhere else', async () => {
  expect(await upgrade('/api/v1/x')).toContain('404')
})

test('a taken port is one sentence', async () => {
  const port = Number(new URL(url).port)
  const again = openOrigin({ port, apiPorts: [], gatewayPorts: [], instanceId: '', site: async () => undefined })
  await expect(again).rejects.toThrow(`Port ${port} is in use`)
})

/** A service that tells its name and what it was asked. */
function standIn(name: string): Promise<Server> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => response.end(JSON.stringify({ name, body, forwardedFor: request.headers['x-forwarded-for'] })))
  })
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => undefined)
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    socket.write(name)
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

function stop(server: Server | undefined): void {
  server?.close()
  server?.closeAllConnections()
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function isPort(port: number | undefined): port is number {
  return port !== undefined
}

async function post(path: string, body: string): Promise<{ name: string; body: string }> {
  const response = await fetch(url + path, { method: 'POST', body })
  return (await response.json()) as { name: string; body: string }
}

/** The first words after an upgrade, else the status line of the refusal. */
function upgrade(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    })
    let text = ''
    socket.on('error', reject).on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const [head, first] = text.split('\r\n\r\n')
      if (!first) return
      socket.destroy()
      resolve(head?.startsWith('HTTP/1.1 101') ? first : (head ?? ''))
    })
  })
}
