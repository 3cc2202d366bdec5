import { expect, test } from 'vitest'
import { isOriginAllowed } from '../src/allow-handshake.js'

const app = 'https://app.example.com'

test.each([
  ['no origin, as from a mobile app', undefined, 'chat.example.com', [], true],
  ['a configured origin', app, 'chat.example.com', [app], true],
  ['our own', 'https://chat.example.com', 'chat.example.com', [], true],
  ['our own with a port', 'http://localhost:8080', 'localhost:8080', [], true],
  ['any, where * is configured', 'https://else.example', 'chat.example.com', ['*'], true],
  ['another one', 'https://evil.example', 'chat.example.com', [app], false],
  ['our name at another port', 'http://localhost:9999', 'localhost:8080', [], false],
  ['a name that ends like ours', 'https://evil-app.example.com', 'chat.example.com', [app], false],
  ['the null origin of a sandboxed page', 'null', 'chat.example.com', [app], false],
  ['an origin without any Host', 'https://chat.example.com', undefined, [], false],
])('%s', (_case, origin, host, origins, allowed) => {
  expect(isOriginAllowed(origin, host, origins)).toBe(allowed)
})
